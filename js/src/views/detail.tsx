// One row in full: the whole text and every label.
import { useEffect, useState } from "preact/hooks";
import { isAbort } from "../channel";
import { formatValue, plural } from "../text";
import type { ClassifyRow } from "../wire/classify";
import { ScoreBar } from "./bars";
import { CloseIcon } from "./icons";

interface DetailProps {
  row: ClassifyRow;
  names: readonly string[];
  colours: readonly string[];
  /** A regression has a value, and no labels. */
  regression: boolean;
  fullText(position: number, signal: AbortSignal): Promise<string>;
  /** None where the row is all there is. */
  onClose: (() => void) | null;
}

const FIRST = 20;

export function Detail({ row, names, colours, regression, fullText, onClose }: DetailProps) {
  const { text, problem } = useFullText(row, fullText);
  // A row's number needs a word beside it; a name of the user's own does not.
  const title = /^\d+$/.test(row.index) ? `Row ${row.index}` : row.index;
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
      {text === "" ? (
        <p class="nbt-muted">{row.reason ?? "empty text"}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <div class="nbt-text-full" dir="auto" tabIndex={0}>
          {text}
        </div>
      )}
      {problem && <p class="nbt-muted">{problem}</p>}
      {row.cut && <p class="nbt-aside">The model read only the beginning of this text.</p>}
      {row.best < 0 ? (
        text !== "" && <p class="nbt-muted">{row.pending ? "waiting…" : (row.reason ?? "no score")}</p>
      ) : regression ? (
        <p class="nbt-value-big">{formatValue(row.scores[0] ?? Number.NaN)}</p>
      ) : (
        <LabelScores key={row.position} scores={row.scores} names={names} colours={colours} />
      )}
    </section>
  );
}

interface LabelScoresProps {
  scores: Float32Array;
  names: readonly string[];
  colours: readonly string[];
}

/** Every label with its score, the most likely first. */
function LabelScores({ scores, names, colours }: LabelScoresProps) {
  const [all, setAll] = useState(false);
  const ranked = rankLabels(scores);
  const shown = all ? ranked : ranked.slice(0, FIRST);
  return (
    <div>
      <ul class="nbt-labels">
        {shown.map((label) => (
          <li key={label}>
            <span class="nbt-labels-name" title={names[label]}>
              <bdi>{names[label] ?? label}</bdi>
            </span>
            <ScoreBar score={scores[label] ?? 0} colour={colours[label] ?? "grey"} />
          </li>
        ))}
      </ul>
      {ranked.length > FIRST && (
        <button type="button" class="nbt-button" onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${plural(ranked.length, "label")}`}
        </button>
      )}
    </div>
  );
}

/** Label numbers by falling score; equal scores in the order of the labels. */
export function rankLabels(scores: Float32Array): number[] {
  const numbers = Array.from(scores, (_, label) => label).filter((label) => !Number.isNaN(scores[label]));
  return numbers.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
}

type FullText = { text: string; problem: string | null };

/** The row's text; where it is only the beginning, the kernel is asked for the rest. */
function useFullText(row: ClassifyRow, fullText: DetailProps["fullText"]): FullText {
  const [answer, setAnswer] = useState<{ position: number; text?: string; failure?: string } | null>(null);
  useEffect(() => {
    if (!row.clipped) return;
    const controller = new AbortController();
    const { position } = row;
    fullText(position, controller.signal).then(
      (text) => setAnswer({ position, text }),
      (error) => {
        if (!isAbort(error))
          setAnswer({ position, failure: error instanceof Error ? error.message : String(error) });
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
