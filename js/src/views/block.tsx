// A stretch of a text as tokens: each word in one hue, its pieces in two strengths of it.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { directionOf, isJoining } from "../tokens/direction";
import { runsOf, visible } from "../tokens/marks";
import type { Gap, Group, Mark, Segment } from "../tokens/segments";
import type { TokenFacts } from "../tokens/store";
import { ADDED, CUT, NO_OFFSETS, SPECIAL, UNKNOWN } from "../wire/tokenize";

/** What stands for a token: its text, its string as the tokenizer writes it, or its number in the vocabulary. */
export type Look = "text" | "pieces" | "ids";

/** Hues that follow each other, far apart for every kind of colour vision; panel.css has the colours. */
const HUES = 4;

/** Line ends alone, which take no room of their own. */
const LINE_ENDS = /^[\r\n\u2028\u2029]+$/;

interface BlockProps {
  number: number;
  segments: readonly Segment[];
  look: Look;
  /** What to say where the model stops reading. */
  limit: string;
  facts(token: number): TokenFacts | undefined;
  /** The token that is looked at, null when it is elsewhere. */
  on: number | null;
  /** Code points [start, stop) that a token of another tokenizer stands on. */
  lit: readonly [number, number] | null;
  /** The id that the token looked at bears. */
  onId: string;
}

export function Block({ number, segments, look, limit, facts, on, lit, onId }: BlockProps) {
  const within = on !== null && holds(segments, on) ? on : null;
  const [from, to] = lit && overlaps(segments, lit) ? lit : [0, 0];
  // The very same element again is not looked at: pointing at a token draws one block and not all in sight.
  return useMemo(() => {
    const draw = { look, limit, facts, on: within, from, to, onId };
    const direction = look === "text" ? "auto" : directionOf(textOf(segments));
    return (
      <div class="nbt-block" data-block={number} role="presentation" dir={direction}>
        {segments.map((segment) => drawn(segment, draw))}
      </div>
    );
  }, [number, segments, look, limit, facts, within, from, to, onId]);
}

interface Drawing {
  look: Look;
  limit: string;
  facts(token: number): TokenFacts | undefined;
  on: number | null;
  from: number;
  to: number;
  onId: string;
}

function drawn(segment: Segment, drawing: Drawing): ComponentChildren {
  switch (segment.kind) {
    case "gap":
      return drawing.look === "text" ? <Runs text={segment.text} /> : <Lines text={segment.text} />;
    case "limit":
      return <LimitLine limit={drawing.limit} />;
    case "mark":
      return <TokenMark mark={segment} drawing={drawing} />;
    case "group":
      return drawing.look === "text" ? (
        <TextToken group={segment} drawing={drawing} />
      ) : (
        <PieceTokens group={segment} drawing={drawing} />
      );
  }
}

/** A token's own text; tokens that share a character stand together on it, told apart by the strip below it. */
function TextToken({ group, drawing }: { group: Group; drawing: Drawing }) {
  const { first, count, text, start, stop } = group;
  const { on, from, to, onId } = drawing;
  const isOn = on !== null && on >= first && on < first + count;
  const lit = start < to && stop > from;
  const shared = count > 1;
  const wide = shared && count > 4 && !isJoining(text);
  const names = [
    classOf(group),
    shared ? "nbt-shared" : "",
    LINE_ENDS.test(text) ? "nbt-line-end" : "",
    wide ? "nbt-wide" : "",
    isOn ? "nbt-on" : "",
    lit ? "nbt-lit" : "",
  ];
  return (
    <span
      class={names.filter((name) => name !== "").join(" ")}
      role="option"
      aria-selected={isOn}
      aria-label={text.trim() ? undefined : visible(text)}
      id={isOn ? onId : undefined}
      data-n={first}
      data-c={shared ? count : undefined}
      style={
        shared ? { "--pieces": count, "--piece": pieceAt(text, count, isOn ? on - first : -1) } : undefined
      }
    >
      <Runs text={text} />
    </span>
  );
}

/** Which part of the strip is a token's, from the left; where a script runs from the right, so do its tokens. */
export function pieceAt(text: string, count: number, piece: number): number {
  return directionOf(text) === "rtl" ? count - 1 - piece : piece;
}

/** Every token in a box of its own; those that share a character are held together by a line. */
function PieceTokens({ group, drawing }: { group: Group; drawing: Drawing }) {
  const boxes = Array.from({ length: group.count }, (_, at) => (
    <Box key={at} token={group.first + at} name={classOf(group, at)} group={group} drawing={drawing} />
  ));
  const line = /\n\s*$/.test(group.text) ? <br /> : null;
  return (
    <>
      {group.count > 1 ? <span class="nbt-together">{boxes}</span> : boxes}
      {line}
    </>
  );
}

interface BoxProps {
  token: number;
  name: string;
  group: Group | null;
  drawing: Drawing;
}

function Box({ token, name, group, drawing }: BoxProps) {
  const { look, facts, on, from, to, onId } = drawing;
  const told = facts(token);
  const isOn = on === token;
  const lit = group !== null && group.start < to && group.stop > from;
  return (
    <span
      dir="auto"
      class={`nbt-box ${name}${isOn ? " nbt-on" : ""}${lit ? " nbt-lit" : ""}`}
      role="option"
      aria-selected={isOn}
      id={isOn ? onId : undefined}
      data-n={token}
    >
      {look === "ids" ? told?.id : visible(told?.piece ?? "")}
    </span>
  );
}

/** A token that stands on no text: a special one, or one whose place is not known. */
function TokenMark({ mark, drawing }: { mark: Mark; drawing: Drawing }) {
  if (drawing.look !== "text") {
    return <Box token={mark.first} name={classOf(mark)} group={null} drawing={drawing} />;
  }
  const isOn = drawing.on === mark.first;
  return (
    <span
      dir="auto"
      class={`${classOf(mark)} nbt-placeless${isOn ? " nbt-on" : ""}`}
      role="option"
      aria-selected={isOn}
      id={isOn ? drawing.onId : undefined}
      data-n={mark.first}
    >
      {visible(mark.piece)}
    </span>
  );
}

function LimitLine({ limit }: { limit: string }) {
  return (
    <span class="nbt-limit" role="presentation">
      <span dir="ltr">{limit}</span>
    </span>
  );
}

/** Text, with a mark on what cannot be seen; the marks take no room, and are not copied. */
export function Runs({ text }: { text: string }) {
  return (
    <>
      {runsOf(text).map((run, at) =>
        typeof run === "string" ? (
          run
        ) : (
          <span key={at} class="nbt-unseen" data-mark={run.mark}>
            {run.text}
          </span>
        ),
      )}
    </>
  );
}

/** Where tokens stand in boxes, of the text between them only its lines are kept. */
function Lines({ text }: Pick<Gap, "text">) {
  return text.includes("\n") ? <br /> : null;
}

export function classOf(token: Group | Mark, piece = 0): string {
  const { flags } = token;
  const names = ["nbt-tok"];
  if (flags & SPECIAL) names.push("nbt-special");
  else if (token.kind === "group" && token.word >= 0) names.push(`nbt-hue${token.word % HUES}`);
  if (token.kind === "group" && token.odd !== (piece % 2 === 1)) names.push("nbt-odd");
  if (flags & ADDED && !(flags & SPECIAL)) names.push("nbt-added");
  if (flags & UNKNOWN) names.push("nbt-unknown");
  if (flags & CUT) names.push("nbt-cut");
  if (flags & NO_OFFSETS && !(flags & SPECIAL)) names.push("nbt-lost");
  return names.join(" ");
}

function holds(segments: readonly Segment[], token: number): boolean {
  return segments.some(
    (segment) =>
      (segment.kind === "mark" && segment.first === token) ||
      (segment.kind === "group" && token >= segment.first && token < segment.first + segment.count),
  );
}

function overlaps(segments: readonly Segment[], [from, to]: readonly [number, number]): boolean {
  return segments.some((segment) => segment.kind === "group" && segment.start < to && segment.stop > from);
}

function textOf(segments: readonly Segment[]): string {
  return segments.map((segment) => (segment.kind === "group" ? segment.text : "")).join("");
}
