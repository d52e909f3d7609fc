// What is known of one token, on a small card beside it.
import { useLayoutEffect, useRef } from "preact/hooks";
import { formatCount } from "../text";
import { visible } from "../tokens/marks";
import type { TokenFacts } from "../tokens/store";
import { ADDED, CONTINUES, CUT, NO_OFFSETS, SPECIAL, UNKNOWN } from "../wire/tokenize";
import { CloseIcon } from "./icons";

interface CardProps {
  id: string;
  facts: TokenFacts;
  total: number;
  /** The tokenizer's name, where there are several. */
  tokenizer: string | null;
  /** The token's element, when it is in the page. */
  anchor(): Element | null;
  /** It stands above its token if it can, where what is below is of more use. */
  above: boolean;
  pinned: boolean;
  onClose(): void;
}

export function Card({ id, facts, total, tokenizer, anchor, above, pinned, onClose }: CardProps) {
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => floatBeside(card.current, anchor, above), [facts.number, tokenizer, pinned]);
  return (
    <div
      ref={card}
      id={id}
      class={pinned ? "nbt-card nbt-card-pinned" : "nbt-card"}
      role={pinned ? "dialog" : "tooltip"}
      {...(pinned ? { "aria-label": "Token" } : {})}
      popover="manual"
    >
      <div class="nbt-card-head">
        <bdi class="nbt-card-piece">{visible(facts.piece)}</bdi>
        <span class="nbt-card-place">
          {tokenizer === null ? "" : `${tokenizer} · `}
          {formatCount(facts.number + 1)} of {formatCount(total)}
        </span>
        {pinned && (
          <button type="button" class="nbt-icon-button" aria-label="Close" onClick={onClose}>
            <CloseIcon />
          </button>
        )}
      </div>
      <dl>
        {rowsOf(facts).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {wordsOf(facts.flags).length > 0 && (
        <p class="nbt-card-flags">
          {wordsOf(facts.flags).map((word) => (
            <span key={word}>{word}</span>
          ))}
        </p>
      )}
    </div>
  );
}

function rowsOf({ id, hex, start, stop, word, flags, text }: TokenFacts): [string, string][] {
  const rows: [string, string][] = [["id", String(id)]];
  if (flags & NO_OFFSETS) rows.push(["offsets", "not known"]);
  else if (stop > start) {
    rows.push(["text", visible(text)], ["offsets", `${start}–${stop}`]);
  }
  if (hex !== "") rows.push(["bytes", hex.replace(/(..)(?=.)/g, "$1 ")]);
  // Where letters are written of several code points, the bytes alone say little.
  if (/[^\u0020-\u007e]/.test(text) && [...text].length <= 4) rows.push(["characters", codesOf(text)]);
  if (word >= 0) rows.push(["word", `${word}${flags & CONTINUES ? ", continued" : ""}`]);
  return rows;
}

function codesOf(text: string): string {
  return [...text]
    .map((character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`)
    .join(" ");
}

function wordsOf(flags: number): string[] {
  const words: [number, string][] = [
    [SPECIAL, "special"],
    [ADDED, "added"],
    [UNKNOWN, "unknown"],
    [CUT, "beyond the limit"],
  ];
  return words.filter(([flag]) => flags & flag).map(([, word]) => word);
}

const APART_PX = 8;

/**
 * Lay the card over everything (the top layer: no frame clips it), above the token or below it; where the browser
 * has no popovers it stands below the text. Returns the way to stop following the token.
 */
export function floatBeside(
  card: HTMLElement | null,
  anchor: () => Element | null,
  above: boolean,
): () => void {
  if (!card?.showPopover) return () => {};
  card.showPopover();
  const view = card.ownerDocument.defaultView ?? window;
  const place = () => {
    const [token] = anchor()?.getClientRects() ?? [];
    if (!token) {
      card.style.visibility = "hidden";
      return;
    }
    const { offsetWidth: width, offsetHeight: height } = card;
    const [over, under] = [token.top - APART_PX - height, token.bottom + APART_PX];
    const isOver = above ? over >= 0 : under + height > view.innerHeight && over >= 0;
    const top = isOver ? over : under;
    const left = Math.min(view.innerWidth - width - APART_PX, token.left + token.width / 2 - width / 2);
    card.style.visibility = "visible";
    card.style.top = `${Math.max(0, top)}px`;
    card.style.left = `${Math.max(APART_PX, left)}px`;
  };
  place();
  view.addEventListener("scroll", place, { capture: true, passive: true });
  view.addEventListener("resize", place);
  return () => {
    view.removeEventListener("scroll", place, { capture: true });
    view.removeEventListener("resize", place);
  };
}
