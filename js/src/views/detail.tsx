// One row in full: the whole text and every label.
import { useState } from "preact/hooks";
import { formatValue, plural } from "../text";
import type { ClassifyRow } from "../wire/classify";
import { ScoreBar } from "./bars";
import { DetailFrame, TextInFull, useFullText } from "./rowdetail";

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
  const full = useFullText(row, fullText);
  return (
    <DetailFrame row={row} onClose={onClose}>
      <TextInFull row={row} full={full} />
      {row.cut && <p class="nbt-aside">The model read only the beginning of this text.</p>}
      {row.best < 0 ? (
        full.text !== "" && <p class="nbt-muted">{row.pending ? "waiting…" : (row.reason ?? "no score")}</p>
      ) : regression ? (
        <p class="nbt-value-big">{formatValue(row.scores[0] ?? Number.NaN)}</p>
      ) : (
        <LabelScores key={row.position} scores={row.scores} names={names} colours={colours} />
      )}
    </DetailFrame>
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
