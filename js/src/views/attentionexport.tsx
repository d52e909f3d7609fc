// Files of an attention: what is on the screen, a head as a figure or a table, and all of it as arrays.
import type { RefObject } from "preact";
import { useRef } from "preact/hooks";
import type { Channel } from "../channel";
import type { Reading } from "../wire/attention";
import { Asked, useAction } from "./action";
import { CopyButton } from "./copybutton";
import { Said, useWriting } from "./export";
import type { Look } from "./looking";
import { savePicture } from "./saving";

interface AttentionExportProps {
  reading: Reading;
  look: Look;
  channel: Channel;
  /** Where the pictures stand. */
  root: RefObject<HTMLElement | null>;
}

const FILES = [
  ["png", "PNG", "A figure of this head, fit for a paper"],
  ["svg", "SVG", "A figure of this head, fit for a paper"],
  ["csv", "CSV", "The weights of this head: a row a query, a column a key"],
  ["npz", "NPZ", "All of it, as arrays that numpy and nbt.attention read"],
] as const;

export function AttentionExport({ reading, look, channel, root }: AttentionExportProps) {
  const { state, write } = useWriting(channel);
  const program = useAction<{ code: string }>(channel);
  const { part, layer, head } = look;
  const save = () => {
    const element = root.current;
    if (!element) return;
    const canvases = element.querySelectorAll<HTMLCanvasElement>(".nbt-plane canvas, .nbt-heads canvas");
    const background = getComputedStyle(element.closest(".nbt-panel") ?? element).backgroundColor;
    savePicture([...canvases], background, `${reading.header.title} attention.png`);
  };
  return (
    <section class="nbt-export" aria-label="Export">
      <button type="button" class="nbt-button nbt-button-outlined" onClick={save}>
        Picture as seen
      </button>
      <div class="nbt-export-formats">
        {FILES.map(([what, name, help]) => (
          <button
            key={what}
            type="button"
            class="nbt-button nbt-button-outlined"
            title={help}
            disabled={state.kind === "writing"}
            onClick={() => write({ what, part: part.part, layer, head })}
          >
            {name}
          </button>
        ))}
      </div>
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
      <output class="nbt-export-said" aria-live="polite">
        <Said state={state}>
          {`Files are written into the notebook's folder: layer ${layer}, head ${head}, or all of it as NPZ.`}
        </Said>
      </output>
      <Asked state={program.state} />
      {program.state.kind === "answered" && <Code {...program.state.answer} />}
    </section>
  );
}

function Code({ code }: { code: string }) {
  const shown = useRef<HTMLPreElement>(null);
  return (
    <div class="nbt-code">
      <CopyButton text={() => code} element={shown} />
      <pre ref={shown} dir="ltr">
        {code}
      </pre>
    </div>
  );
}
