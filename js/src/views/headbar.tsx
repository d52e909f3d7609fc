// Which layer and head is looked at, and which tokens.
import type { ComponentChildren } from "preact";
import type { ViewProps } from "./looking";
import { Stepper } from "./stepper";
import { Toggle } from "./toggle";

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
          <Toggle
            pressed={words}
            title="Show the tokens of a word as one: what they get is summed, what they give is their mean"
            onToggle={(words) => setLook({ words })}
          >
            Words
          </Toggle>
          <Toggle
            pressed={hideSpecial}
            title="Leave out tokens such as [CLS] and [SEP]"
            onToggle={(hideSpecial) => setLook({ hideSpecial })}
          >
            Hide special
          </Toggle>
        </span>
      )}
      {children}
    </div>
  );
}
