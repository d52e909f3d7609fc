// Strips of words: an error, a warning, a wait.
import { useState } from "preact/hooks";
import type { Notice } from "../rows/source";
import { ErrorIcon, WarningIcon } from "./icons";
import { WithCode } from "./withcode";

export function ErrorStrip({ message }: { message: string }) {
  return (
    <div class="nbt-strip nbt-strip-error" role="alert">
      <ErrorIcon />
      <p>
        <WithCode text={message} />
      </p>
    </div>
  );
}

/** More notes than these would push the result down. */
const NOTES_IN_SIGHT = 2;

interface NotesProps {
  notes: readonly string[];
  /** They are to be known before one trusts the numbers; else they are merely good to know. */
  isWarning?: boolean;
}

/** What the reader should know; of many, the first and how many more. */
export function Notes({ notes, isWarning = true }: NotesProps) {
  const [open, setOpen] = useState(false);
  if (notes.length === 0) return null;
  const folds = notes.length > NOTES_IN_SIGHT;
  const isFolded = folds && !open;
  const shown = isFolded ? notes.slice(0, 1) : notes;
  return (
    <div class={`nbt-strip nbt-strip-${isWarning ? "warning" : "note"}`} role="note">
      {isWarning && <WarningIcon />}
      <div class={`nbt-notes${isFolded ? " nbt-notes-folded" : ""}`}>
        {shown.map((note) => (
          <p key={note} title={isFolded ? note : undefined}>
            <WithCode text={note} />
          </p>
        ))}
        {folds && (
          <button type="button" class="nbt-notes-more" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Show fewer" : `and ${notes.length - 1} more`}
          </button>
        )}
      </div>
    </div>
  );
}

interface NoticeProps {
  notice: Notice | null;
  retry(): void;
}

/** Why something is not there, or not yet. */
export function NoticeStrip({ notice, retry }: NoticeProps) {
  return notice && <WaitStrip message={notice.message} retry={notice.retry ? retry : null} />;
}

interface WaitProps {
  message: string;
  retry: (() => void) | null;
}

export function WaitStrip({ message, retry }: WaitProps) {
  return (
    <div class="nbt-wait" role="status">
      {!retry && <span class="nbt-spinner" />}
      <span>{message}</span>
      {retry && (
        <button type="button" class="nbt-button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
