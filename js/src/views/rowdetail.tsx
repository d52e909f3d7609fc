// The frame of one row in full, and its whole text.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isAbort, messageOf } from "../channel";
import type { TextRow } from "../wire/texts";
import { CloseIcon } from "./icons";

interface FrameProps {
  row: { index: string };
  /** None where the row is all there is. */
  onClose: (() => void) | null;
  children: ComponentChildren;
}

export function DetailFrame({ row: { index }, onClose, children }: FrameProps) {
  // A row's number needs a word beside it; a name of the user's own does not.
  const title = /^\d+$/.test(index) ? `Row ${index}` : index;
  return (
    <section
      class={onClose ? "nbt-detail" : "nbt-detail nbt-detail-only"}
      aria-label={title}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !onClose) return;
        event.stopPropagation();
        onClose();
      }}
    >
      {onClose && (
        <div class="nbt-detail-head">
          <span class="nbt-detail-title">
            <bdi>{title}</bdi>
          </span>
          <button type="button" class="nbt-icon-button" aria-label="Close" onClick={onClose}>
            <CloseIcon />
          </button>
        </div>
      )}
      {children}
    </section>
  );
}

interface FullText {
  text: string;
  /** Why it is not whole, or not yet. */
  problem: string | null;
}

/** The row's text; where it is only the beginning, the kernel is asked for the rest. */
export function useFullText(
  row: TextRow,
  fullText: (position: number, signal: AbortSignal) => Promise<string>,
): FullText {
  const [answer, setAnswer] = useState<{ position: number; text?: string; failure?: string } | null>(null);
  useEffect(() => {
    if (!row.clipped) return;
    const controller = new AbortController();
    const { position } = row;
    fullText(position, controller.signal).then(
      (text) => setAnswer({ position, text }),
      (error) => {
        if (!isAbort(error)) setAnswer({ position, failure: messageOf(error) });
      },
    );
    return () => controller.abort();
  }, [row.position, row.clipped, fullText]);
  if (!row.clipped) return { text: row.text, problem: null };
  if (answer?.position !== row.position)
    return { text: `${row.text}…`, problem: "Loading the rest of the text…" };
  if (answer.text !== undefined) return { text: answer.text, problem: null };
  return { text: `${row.text}…`, problem: `Only the beginning is shown. ${answer.failure ?? ""}` };
}

/** The text itself, or why there is none; a kind that marks parts of it gives them as `children`. */
export function TextInFull({
  row,
  full: { text, problem },
  children,
}: {
  row: TextRow;
  full: FullText;
  children?: ComponentChildren;
}) {
  return (
    <>
      {text === "" ? (
        <p class="nbt-muted">{row.reason ?? "empty text"}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <div class="nbt-text-full" dir="auto" tabIndex={0}>
          {children ?? text}
        </div>
      )}
      {problem && <p class="nbt-muted">{problem}</p>}
    </>
  );
}
