// The heads of a layer by their colours: which of them are shown.
import { colourAt, cssColour } from "../colour";
import type { Reading } from "../wire/attention";
import type { Look, ViewProps } from "./looking";

type HeadLegendProps = Pick<ViewProps, "reading" | "look" | "setLook">;

export function HeadLegend({ reading, look, setLook }: HeadLegendProps) {
  const { head, heads } = look;
  const all = headsOf(reading, look);
  const toggle = (one: number) => {
    const next = all.filter((other) => (other === one) !== heads.includes(other));
    // One at least is shown, and the one that is looked at is among them.
    if (next.length > 0) setLook({ heads: next, head: next.includes(head) ? head : (next[0] as number) });
  };
  return (
    <fieldset class="nbt-headlegend" aria-label="Heads">
      {all.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={heads.includes(one)}
          aria-label={`Head ${one}`}
          title={`Head ${one}`}
          style={{ "--colour": cssColour(colourAt(one)) }}
          onClick={() => toggle(one)}
        >
          <span class="nbt-headdot" />
          {one}
        </button>
      ))}
      {all.length > 1 && (
        <button
          type="button"
          class="nbt-headlegend-all"
          onClick={() => setLook({ heads: heads.length < all.length ? all : [head] })}
        >
          {heads.length < all.length ? "All" : `Only ${head}`}
        </button>
      )}
    </fieldset>
  );
}

/** The heads of a layer: some have fewer than others, and nothing is measured of those that are not there. */
function headsOf(reading: Reading, { part, layer }: Look): number[] {
  const all = Array.from({ length: part.heads }, (_, at) => at);
  const measured = all.filter((head) => !Number.isNaN(reading.measure(part, "entropy", layer, head)));
  return measured.length > 0 ? measured : all;
}
