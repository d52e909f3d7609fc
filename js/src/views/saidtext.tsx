// What a magic said that has no panel.
import { CopiedText } from "./copiedtext";

export function SaidText({ text }: { text: string }) {
  // Lines may be the rows of a table; a sentence is broken where it must be.
  const isTable = text.trimEnd().includes("\n");
  const name = isTable ? "nbt-bench-code nbt-bench-said" : "nbt-bench-code";
  return <CopiedText title="What it says" text={text} dir="auto" class={name} />;
}
