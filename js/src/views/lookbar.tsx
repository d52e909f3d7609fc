// How tokens are shown: as text, as the tokenizer writes them, or as numbers; with what cannot be seen, or without.
import type { Look } from "./block";
import { Segments } from "./segments";
import { Toggle } from "./toggle";

interface LookBarProps {
  look: Look;
  marks: boolean;
  onLook(look: Look): void;
  onMarks(marks: boolean): void;
}

const LOOKS: readonly [Look, string, string][] = [
  ["text", "Text", "The text, coloured by token"],
  ["pieces", "Tokens", "Token strings, as the tokenizer writes them"],
  ["ids", "IDs", "Token ids, as the model reads them"],
];

export function LookBar({ look, marks, onLook, onMarks }: LookBarProps) {
  return (
    <div class="nbt-lookbar">
      <Segments label="Show tokens as" options={LOOKS} chosen={look} onChoose={onLook} />
      <Toggle
        pressed={marks}
        disabled={look !== "text"}
        title="Mark spaces, tabs, line ends and what cannot be seen"
        onToggle={onMarks}
      >
        <span aria-hidden="true">· ⇥ ↵</span> Whitespace
      </Toggle>
    </div>
  );
}
