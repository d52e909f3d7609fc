// Writing rows into a file beside the notebook: which rows, which format, and where they went.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import type { Query } from "../query/rows";
import { Waiting } from "../rows/waiting";
import { plural } from "../text";
import { ExportIcon } from "./icons";
import { Segments } from "./segments";

type Which = "all" | "found" | "selected";

interface Written {
  name: string;
  folder: string;
  /** None of a file that is not one of rows. */
  rows?: number;
  size: string;
  notes: string[];
}

interface ExportProps {
  channel: Channel;
  query: Query;
  rows: number;
  found: number;
  selected: number;
  /** What a row of the file holds, such as "text". */
  each: string;
}

interface ExportButtonProps {
  open: boolean;
  onToggle(open: boolean): void;
  disabled?: boolean | undefined;
  title?: string | undefined;
}

/** Opens and closes what stands below it. */
export function ExportButton({ open, onToggle, ...rest }: ExportButtonProps) {
  return (
    <button
      type="button"
      class="nbt-button nbt-export-button"
      aria-expanded={open}
      onClick={() => onToggle(!open)}
      {...rest}
    >
      <ExportIcon />
      Export
    </button>
  );
}

const FORMATS = [
  { format: "csv", name: "CSV" },
  { format: "parquet", name: "Parquet" },
] as const;

export function ExportBar({ channel, query, rows, found, selected, each }: ExportProps) {
  const [wish, setWish] = useState<Which | null>(null);
  const { state, write } = useWriting(channel);
  const choices: [Which, string][] = [["all", `All ${plural(rows, "row")}`]];
  if (found < rows && found > 0) choices.push(["found", `${plural(found, "row")} found`]);
  if (selected > 0) choices.push(["selected", `${plural(selected, "row")} selected`]);
  // Whoever has selected or searched means those rows.
  const [chosen] = choices.find(([which]) => which === wish) ?? choices.at(-1) ?? [];
  return (
    <section class="nbt-export" aria-label="Export">
      <Segments label="Which rows" options={choices} chosen={chosen} onChoose={(key) => setWish(key)} />
      <div class="nbt-export-formats">
        {FORMATS.map(({ format, name }) => (
          <button
            key={format}
            type="button"
            class="nbt-button nbt-button-outlined"
            disabled={state.kind === "writing"}
            onClick={() => write({ format, which: chosen, ...query })}
          >
            {name}
          </button>
        ))}
      </div>
      <output class="nbt-export-said" aria-live="polite">
        <Said state={state}>{`Files are written into the notebook's folder, one row per ${each}.`}</Said>
      </output>
    </section>
  );
}

type State =
  | { kind: "ready" }
  | { kind: "writing"; message: string | null }
  | { kind: "written"; written: Written }
  | { kind: "failed"; message: string };

/** How the writing goes; before it has begun, what can be written. */
export function Said({ state, children }: { state: State; children: ComponentChildren }) {
  switch (state.kind) {
    case "ready":
      return <>{children}</>;
    case "writing":
      return (
        <>
          <span class="nbt-spinner" /> {state.message ?? "Writing…"}
        </>
      );
    case "failed":
      return <span class="nbt-bad">{state.message}</span>;
    case "written": {
      const { name, folder, rows, size, notes } = state.written;
      return (
        <>
          <span title={`${folder}/${name}`}>
            <strong>
              <bdi>{name}</bdi>
            </strong>
            {`${rows === undefined ? "" : ` · ${plural(rows, "row")}`} · ${size} · in `}
            <bdi>{folder}</bdi>
          </span>
          {notes.map((note) => (
            <span key={note}>{note}</span>
          ))}
        </>
      );
    }
  }
}

export function useWriting(channel: Channel) {
  const [state, setState] = useState<State>({ kind: "ready" });
  const asked = useRef<AbortController | null>(null);
  useEffect(() => () => asked.current?.abort(), [channel]);
  const write = (params: object) => {
    const controller = new AbortController();
    asked.current = controller;
    const waiting = new Waiting(() => setState({ kind: "writing", message: waiting.message }));
    waiting.begin();
    setState({ kind: "writing", message: null });
    // A busy kernel writes the file when it is free.
    const options = { signal: controller.signal, timeoutMs: Number.POSITIVE_INFINITY };
    channel
      .request<Written>("export", params, options)
      .then(({ result }) => setState({ kind: "written", written: result }))
      .catch((error) => {
        if (isAbort(error)) return;
        setState({ kind: "failed", message: messageOf(error) });
      })
      .finally(() => waiting.end());
  };
  return { state, write };
}
