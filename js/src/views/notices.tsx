// Strips of words: an error, a warning, a wait.
import { ErrorIcon, WarningIcon } from "./icons";

export function ErrorStrip({ message }: { message: string }) {
  return (
    <div class="nbt-strip nbt-strip-error" role="alert">
      <ErrorIcon />
      <p>{message}</p>
    </div>
  );
}

/** What the reader should know before trusting the numbers. */
export function Notes({ notes }: { notes: readonly string[] }) {
  if (notes.length === 0) return null;
  return (
    <div class="nbt-strip nbt-strip-warning" role="note">
      <WarningIcon />
      <div>
        {notes.map((note) => (
          <p key={note}>{note}</p>
        ))}
      </div>
    </div>
  );
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
