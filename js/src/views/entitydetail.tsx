// One text in full: its entities in it, then in a list with their scores, and its tokens when they are asked for.
import { useState } from "preact/hooks";
import { type Channel, messageOf } from "../channel";
import { useWhole } from "../rows/answers";
import { formatScore, plural } from "../text";
import { CodePoints } from "../tokens/codepoints";
import { directionOf } from "../tokens/direction";
import { type Entity, type EntityRow, readEntities, readTokens, type TaggedToken } from "../wire/entities";
import type { Section } from "../wire/sections";
import { ScoreBar } from "./bars";
import { EntityText, type Types } from "./entitytext";
import { DetailFrame, TextInFull, useFullText } from "./rowdetail";

interface DetailProps {
  row: EntityRow;
  types: Types;
  /** None while the work goes on. */
  channel: Channel | null;
  fullText(position: number, signal: AbortSignal): Promise<string>;
  onClose: (() => void) | null;
}

const FIRST = 20;

export function EntityDetail({ row, types, channel, fullText, onClose }: DetailProps) {
  const full = useFullText(row, fullText);
  const entities = useEntities(row, channel);
  const [all, setAll] = useState(false);
  const points = new CodePoints(full.text);
  const wanted = entities.filter(({ type }) => types.only === null || types.only === type);
  return (
    <DetailFrame row={row} onClose={onClose}>
      <TextInFull row={row} full={full}>
        <EntityText text={full.text} entities={entities} types={types} />
      </TextInFull>
      {row.cut && <p class="nbt-aside">The model read only the beginning of this text.</p>}
      {full.text !== "" && entities.length === 0 && (
        <p class="nbt-muted">{row.pending ? "waiting…" : (row.reason ?? "no entities")}</p>
      )}
      <ul class="nbt-labels nbt-entities">
        {wanted.slice(0, all ? undefined : FIRST).map(({ start, stop, type, score }) => (
          <li key={start}>
            <span class="nbt-labels-name">
              <bdi>{points.slice(start, stop)}</bdi> <bdi class="nbt-entity-type">{types.names[type]}</bdi>
            </span>
            <ScoreBar score={score} colour={types.colours[type] ?? "grey"} />
          </li>
        ))}
      </ul>
      {wanted.length > FIRST && (
        <button type="button" class="nbt-button" onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${plural(wanted.length, "entity", "entities")}`}
        </button>
      )}
      {channel && row.reason === null && <Tokens key={row.position} row={row} channel={channel} />}
    </DetailFrame>
  );
}

/** The entities of a row; where only those of its beginning came with it, the kernel is asked for the others. */
function useEntities({ position, count, entities }: EntityRow, channel: Channel | null): readonly Entity[] {
  const ask = async (kernel: Channel, signal: AbortSignal) => {
    const { result, buffers } = await kernel.request<{ sections: Section[] }>(
      "spans",
      { position },
      { signal },
    );
    return readEntities(result.sections, buffers[0] ?? null);
  };
  return useWhole(entities, entities.length === count, channel, ask).whole;
}

const TOKENS = 400;

/** What the model says of each token, before words and entities are made of it. */
function Tokens({ row: { position, text }, channel }: { row: EntityRow; channel: Channel }) {
  const [tokens, setTokens] = useState<TaggedToken[]>([]);
  const [total, setTotal] = useState<number | null>(null);
  const [failure, setFailure] = useState("");
  const more = async () => {
    try {
      const params = { position, start: tokens.length, stop: tokens.length + TOKENS };
      const { result, buffers } = await channel.request<{ total: number; sections: Section[] }>(
        "tokens",
        params,
      );
      setTokens([...tokens, ...readTokens(result.sections, buffers[0] ?? null)]);
      setTotal(result.total);
      setFailure("");
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <div>
      {total !== null && (
        <ul class="nbt-tagged" dir={directionOf(text)} aria-label="Tokens and their labels">
          {tokens.map(({ piece, label, score, begins }, at) => (
            <li key={at} class={begins ? "nbt-tagged-word" : ""} title={`${label} ${formatScore(score)}`}>
              <bdi>{piece}</bdi>
              <bdi class="nbt-entity-type">{label}</bdi>
            </li>
          ))}
        </ul>
      )}
      {(total === null || tokens.length < total) && (
        <button type="button" class="nbt-button" onClick={more}>
          {total === null ? "Show tokens" : `Show ${plural(total - tokens.length, "more token")}`}
        </button>
      )}
      {failure && <p class="nbt-muted">{failure}</p>}
    </div>
  );
}
