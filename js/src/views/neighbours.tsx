// Texts by how alike they are: the nearest to one that is typed or picked, and the pairs that are most alike.
import { useEffect, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { type Kept, useAnswer } from "../rows/answers";
import type { Notice } from "../rows/source";
import { plural } from "../text";
import type { Sections } from "../wire/sections";
import { type Measure, type Named, readNamed } from "../wire/vectors";
import { ValueBar } from "./bars";
import { SearchIcon } from "./icons";
import { exactly, NamedText } from "./named";
import { NoticeStrip, WaitStrip } from "./notices";

/** Whose neighbours: those of a text that is typed, or of a row. */
export type Asked = { text: string } | { row: Named };

interface ListProps {
  channel: Channel | null;
  kept: Kept;
  measure: Measure;
  onNear(text: Named): void;
}

export function Neighbours(props: ListProps & { asked: Asked | null; onAsk(asked: Asked): void }) {
  const { channel, kept, measure, asked, onAsk, onNear } = props;
  const [typed, setTyped] = useState("");
  useEffect(() => setTyped(asked && "text" in asked ? asked.text : ""), [asked]);
  const params = asked && ("text" in asked ? asked : { position: asked.row.position });
  const { answer, notice, retry } = useAnswer(channel, kept, "neighbours", params, readScored);
  return (
    <section class="nbt-near" aria-label="Nearest texts">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim()) onAsk({ text: typed });
        }}
      >
        <label class="nbt-search">
          <SearchIcon />
          <input
            type="search"
            placeholder="Type a text, and Enter"
            aria-label="Find the texts nearest to"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
            onKeyDown={(event) => event.stopPropagation()}
          />
        </label>
        <button type="submit" class="nbt-button nbt-button-outlined" disabled={!typed.trim()}>
          Find nearest
        </button>
      </form>
      {asked && "row" in asked && (
        <div class="nbt-pair">
          <NamedText text={asked.row} />
        </div>
      )}
      <Told notice={notice} retry={retry} waiting={asked !== null && !answer} />
      {answer && <List items={answer} measure={measure} onNear={onNear} />}
    </section>
  );
}

/** So many pairs are compared without being asked to: about a second. */
const SOON = 25e6;

export function Pairs(props: ListProps & { pairs: number; crosswise: boolean }) {
  const { channel, kept, measure, pairs, crosswise, onNear } = props;
  const [wanted, setWanted] = useState(pairs <= SOON);
  const { answer, notice, retry } = useAnswer(channel, kept, "pairs", wanted ? {} : null, readPairs);
  if (!wanted && !answer) {
    return (
      <section class="nbt-near" aria-label="Most similar pairs">
        <button type="button" class="nbt-button nbt-button-outlined" onClick={() => setWanted(true)}>
          Compare all {plural(pairs, "pair")}
        </button>
        <p class="nbt-muted">It takes the kernel a while: about a minute for 100,000 texts.</p>
      </section>
    );
  }
  return (
    <section class="nbt-near" aria-label="Most similar pairs">
      <Told notice={notice} retry={retry} waiting={!answer} />
      {answer && <List items={answer} measure={measure} onNear={crosswise ? null : onNear} />}
    </section>
  );
}

interface Scored {
  texts: Named[];
  score: number;
}

function readScored(_: unknown, read: Sections): Scored[] {
  const scores = read.float32("score");
  return readNamed(read, "row").map((text, at) => ({ texts: [text], score: scores[at] ?? Number.NaN }));
}

function readPairs(_: unknown, read: Sections): Scored[] {
  const columns = readNamed(read, "column");
  return readScored(_, read).map(({ texts, score }, at) => ({
    texts: [...texts, columns[at] as Named],
    score,
  }));
}

interface ListedProps {
  items: readonly Scored[];
  measure: Measure;
  onNear: ((text: Named) => void) | null;
}

function List({ items, measure, onNear }: ListedProps) {
  if (items.length === 0) return <p class="nbt-muted">No text has a vector to compare.</p>;
  const scores = items.map(({ score }) => score);
  const [min, max] = [Math.min(...scores), measure === "cosine" ? 1 : Math.max(...scores)];
  return (
    <ol>
      {items.map(({ texts, score }, at) => (
        <li key={at} title={exactly(score)}>
          <ValueBar value={score} min={min} max={max} />
          <div class="nbt-pair">
            {texts.map((text, side) => (
              <NamedText key={side} text={text} />
            ))}
          </div>
          {onNear && (
            <button
              type="button"
              class="nbt-icon-button"
              aria-label={`Nearest to ${texts[0]?.index}`}
              title="Nearest to this one"
              onClick={() => texts[0] && onNear(texts[0])}
            >
              <SearchIcon />
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}

/** What there is to say while an answer is not there. */
export function Told({ notice, retry, waiting }: { notice: Notice | null; retry(): void; waiting: boolean }) {
  if (notice) return <NoticeStrip notice={notice} retry={retry} />;
  return waiting ? <WaitStrip message="Asking the kernel…" retry={null} /> : null;
}
