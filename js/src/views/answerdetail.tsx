// One question in full: its best answer, the others, and where they stand in the context.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { cssColour } from "../colour";
import { useWhole } from "../rows/answers";
import { formatCount, plural } from "../text";
import { CodePoints } from "../tokens/codepoints";
import { stretches } from "../tokens/spans";
import type { Answer, AnswerRow, Excerpt } from "../wire/answer";
import { ScoreBar } from "./bars";
import { DetailFrame } from "./rowdetail";

/** Of the best answer, the second, and so on; the number beside a bar tells the rest apart. */
const COLOURS = ["blue", "orange", "green", "pink", "amber", "teal", "brick", "indigo"];

const colourOf = (rank: number) => COLOURS[rank % COLOURS.length] ?? "grey";

/** More answers than so many are for a DataFrame. */
const MOST = 20;

interface DetailProps {
  row: AnswerRow;
  /** None while the work goes on. */
  channel: Channel | null;
  onClose: (() => void) | null;
}

export function AnswerDetail({ row, channel, onClose }: DetailProps) {
  const { question, answers, none, reason, pending } = row;
  const [on, setOn] = useState<number | null>(null);
  const context = useContext(row, channel);
  const [best] = answers;
  return (
    <DetailFrame row={row} onClose={onClose}>
      {question !== "" && (
        <p class="nbt-question" dir="auto">
          {question}
        </p>
      )}
      {best ? (
        <p class={best.text ? "nbt-answer" : "nbt-answer nbt-muted"} dir="auto">
          {best.text || "no answer"}
        </p>
      ) : (
        <p class="nbt-muted">{pending ? "waiting…" : (reason ?? "no answer")}</p>
      )}
      <ul class="nbt-labels">
        {answers.slice(0, MOST).map((answer, rank) => (
          <li key={rank} onPointerEnter={() => setOn(rank)} onPointerLeave={() => setOn(null)}>
            <button
              type="button"
              class="nbt-labels-name"
              title={answer.text}
              onFocus={() => setOn(rank)}
              onBlur={() => setOn(null)}
            >
              <bdi>{answer.text || "no answer"}</bdi>
            </button>
            <ScoreBar score={answer.score} colour={answer.text ? colourOf(rank) : "grey"} />
          </li>
        ))}
        {!Number.isNaN(none) && answers.every(({ text }) => text) && (
          <li>
            <span class="nbt-labels-name nbt-muted">no answer</span>
            <ScoreBar score={none} colour="grey" />
          </li>
        )}
      </ul>
      {answers.length > MOST && <p class="nbt-muted">… {plural(answers.length - MOST, "more answer")}</p>}
      {best?.text && best.start < 0 && (
        <p class="nbt-aside">The context does not hold this answer as it is.</p>
      )}
      <Context context={context} answers={answers} on={on} />
      {row.cut && <p class="nbt-aside">The model read only the beginning of this context.</p>}
    </DetailFrame>
  );
}

interface ContextProps {
  context: Excerpt;
  answers: readonly Answer[];
  on: number | null;
}

function Context({ context, answers, on }: ContextProps) {
  const box = useRef<HTMLDivElement>(null);
  const points = useMemo(() => new CodePoints(context.text, context.start), [context.text, context.start]);
  const parts = useMemo(
    () =>
      stretches(
        points,
        answers.map(({ start, end }) => [start, end] as const),
      ),
    [points, answers],
  );
  // The answer looked at, or the best one, is in sight.
  useLayoutEffect(() => {
    const mark = box.current?.querySelector(on === null ? "mark" : `mark[data-of~="${on}"]`);
    if (!box.current || !mark) return;
    const [frame, place] = [box.current.getBoundingClientRect(), mark.getBoundingClientRect()];
    if (place.top < frame.top || place.bottom > frame.bottom) {
      box.current.scrollTop += place.top - frame.top - frame.height / 3;
    }
  }, [parts, on]);
  if (context.length === 0) return null;
  const behind = context.length - points.last;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <div class="nbt-text-full nbt-context" dir="auto" tabIndex={0} ref={box}>
      {points.first > 0 && <Left count={points.first} />}
      {parts.map(({ text, of }, at) => {
        if (of.length === 0) return text;
        const style = { "--colour": cssColour(colourOf(of[0] ?? 0)), boxShadow: lines(of) };
        return (
          <mark
            key={at}
            style={style}
            data-of={of.join(" ")}
            class={on !== null && of.includes(on) ? "nbt-on" : ""}
          >
            {text}
          </mark>
        );
      })}
      {behind > 0 && <Left count={behind} />}
    </div>
  );
}

function Left({ count }: { count: number }) {
  return <span class="nbt-muted"> … {formatCount(count)} more characters … </span>;
}

/** A line below the text for each answer that it belongs to. */
function lines(of: readonly number[]): string {
  return of
    .slice(0, 4)
    .map((rank, at) => `inset 0 ${-2 * (at + 1)}px ${cssColour(colourOf(rank))}`)
    .join(",");
}

/** As much of a row's context as a page can bear; where less came with the row, the kernel is asked. */
function useContext({ context, position }: AnswerRow, channel: Channel | null): Excerpt {
  const isWhole = useMemo(
    () => context.start === 0 && new CodePoints(context.text).last === context.length,
    [context],
  );
  const ask = async (kernel: Channel, signal: AbortSignal) =>
    (await kernel.request<Excerpt>("context", { position }, { signal })).result;
  return useWhole(context, isWhole, channel, ask).whole;
}
