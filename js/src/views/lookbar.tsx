// How tokens are shown: as text, as the tokenizer writes them, or as numbers; with what cannot be seen, or without.
import type { Look } from "./block";
import { Segments } from "./segments";

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
      <button
        type="button"
        class="nbt-toggle"
        aria-pressed={marks}
        disabled={look !== "text"}
        title="Mark spaces, tabs, line ends and what cannot be seen"
        onClick={() => onMarks(!marks)}
      >
        <span aria-hidden="true">· ⇥ ↵</span> Whitespace
      </button>
    </div>
  );
}
