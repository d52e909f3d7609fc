// What a magic said that has no panel.
import { CopiedText } from "./copiedtext";

export function SaidText({ text }: { text: string }) {
  return <CopiedText title="What it says" text={text} dir="auto" class="nbt-bench-code nbt-bench-said" />;
}
