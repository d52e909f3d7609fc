// Code, with what puts it into the notebook or onto the clipboard.
import { useEffect, useState } from "preact/hooks";
import { type Host, insertCell, takesCells } from "../host";
import { CopiedText } from "./copiedtext";

const SAID_MS = 2_500;

interface CodeTextProps {
  title: string;
  text: string;
  host: Host;
  /** The cell below which it is put. */
  cell: string | null;
}

export function CodeText({ title, text, host, cell }: CodeTextProps) {
  return (
    <CopiedText title={title} text={text} dir="ltr">
      <InsertButton text={text} host={host} cell={cell} />
    </CopiedText>
  );
}

function InsertButton({ text, host, cell }: Omit<CodeTextProps, "title">) {
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setDone(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [isDone]);
  if (!takesCells(host)) return <span class="nbt-aside">This host lets no page insert a cell: copy it.</span>;
  return (
    <button
      type="button"
      class="nbt-button"
      title="Put it into a new cell below this one"
      onClick={() => {
        insertCell(host, text.trimEnd(), cell);
        setDone(true);
      }}
    >
      {isDone ? "Inserted below" : "Insert as cell"}
    </button>
  );
}
