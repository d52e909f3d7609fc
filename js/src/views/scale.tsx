// How weights are turned into colours.
import type { ViewProps } from "./looking";
import { Segments } from "./segments";

export function ScaleChoice({ look, setLook }: Pick<ViewProps, "look" | "setLook">) {
  return (
    <Segments
      label="Scale"
      options={[
        ["linear", "Linear"],
        ["log", "Log", "By their logarithm, so that small weights are told apart too"],
        ["row", "By row", "Each row by its own greatest weight"],
      ]}
      chosen={look.scale}
      onChoose={(scale) => setLook({ scale })}
    />
  );
}
