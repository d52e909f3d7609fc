// Which layer and head is looked at, and which tokens.
import type { ComponentChildren } from "preact";
import type { ViewProps } from "./looking";
import { Stepper } from "./stepper";

interface HeadBarProps extends Pick<ViewProps, "reading" | "look" | "setLook"> {
  /** What is chosen here. */
  choices: readonly ("layer" | "head" | "tokens")[];
  children?: ComponentChildren;
}

export function HeadBar({ reading, look, setLook, choices, children }: HeadBarProps) {
  const { part, layer, head, hideSpecial, words } = look;
  return (
    <div class="nbt-tools">
      {choices.includes("layer") && (
        <Stepper name="Layer" value={layer} count={part.layers} onChange={(layer) => setLook({ layer })} />
      )}
      {choices.includes("head") && (
        <Stepper
          name="Head"
          value={head}
          count={reading.headsOf(part, layer)}
          onChange={(head) => setLook({ head, heads: [head] })}
        />
      )}
      {choices.includes("tokens") && (
        <span class="nbt-toggles">
          <button
            type="button"
            class="nbt-toggle"
            aria-pressed={words}
            title="Show the tokens of a word as one: what they get is summed, what they give is their mean"
            onClick={() => setLook({ words: !words })}
          >
            Words
          </button>
          <button
            type="button"
            class="nbt-toggle"
            aria-pressed={hideSpecial}
            title="Leave out tokens such as [CLS] and [SEP]"
            onClick={() => setLook({ hideSpecial: !hideSpecial })}
          >
            Hide special
          </button>
        </span>
      )}
      {children}
    </div>
  );
}
