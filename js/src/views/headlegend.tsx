// The heads of a layer by their colours: which of them are shown.
import { cssColour, headColour } from "../colour";
import type { ViewProps } from "./looking";

export function HeadLegend({ look, setLook }: Pick<ViewProps, "look" | "setLook">) {
  const { head, heads, part } = look;
  const all = Array.from({ length: part.heads }, (_, at) => at);
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
          style={{ "--colour": cssColour(headColour(one)) }}
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
