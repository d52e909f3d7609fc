// Files of an attention: what is on the screen, a head as a figure or a table, and all of it as arrays.
import type { RefObject } from "preact";
import { useRef } from "preact/hooks";
import type { Channel } from "../channel";
import type { Reading } from "../wire/attention";
import { Asked, useAction } from "./action";
import { CopyButton } from "./copybutton";
import { FilesBar } from "./files";
import type { Look } from "./looking";

interface AttentionExportProps {
  reading: Reading;
  look: Look;
  channel: Channel;
  /** Where the pictures stand; null where there is none in sight. */
  root: RefObject<HTMLElement | null> | null;
}

const FILES = [
  ["png", "PNG", "A figure of this head, fit for a paper"],
  ["svg", "SVG", "A figure of this head, fit for a paper"],
  ["csv", "CSV", "The weights of this head: a row a query, a column a key"],
  ["npz", "NPZ", "All of it, as arrays that numpy and nbt.attention read"],
] as const;

export function AttentionExport({ reading, look, channel, root }: AttentionExportProps) {
  const program = useAction<{ code: string }>(channel);
  const { part, layer, head } = look;
  return (
    <FilesBar
      channel={channel}
      title={`${reading.header.title} attention`}
      pictures={root}
      files={FILES}
      params={{ part: part.part, layer, head }}
      about={`Files are written into the notebook's folder: layer ${layer}, head ${head}, or all of it as NPZ.`}
    >
      {reading.header.can.includes("code") && (
        <button
          type="button"
          class="nbt-button nbt-button-outlined"
          title="The plain Transformers program that gives the same"
          disabled={program.state.kind === "asking"}
          onClick={() => program.ask("code", {})}
        >
          Code
        </button>
      )}
      <Asked state={program.state} />
      {program.state.kind === "answered" && <Code {...program.state.answer} />}
    </FilesBar>
  );
}

function Code({ code }: { code: string }) {
  const shown = useRef<HTMLPreElement>(null);
  return (
    <div class="nbt-code">
      <CopyButton text={() => code} element={shown} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long one scrolls, and so must the keys */}
      <pre ref={shown} dir="ltr" tabIndex={0}>
        {code}
      </pre>
    </div>
  );
}
