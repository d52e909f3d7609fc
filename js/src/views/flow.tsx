// One text as one tokenizer cuts it: blocks of tokens, of which only those in sight are in the page.
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Segment } from "../tokens/segments";
import type { TokenStore } from "../tokens/store";
import { Block, type Look, pieceAt } from "./block";
import { useBlocks } from "./blocks";
import { NoticeStrip } from "./notices";

interface FlowProps {
  label: string;
  store: TokenStore;
  look: Look;
  /** Whether what cannot be seen is marked. */
  marks: boolean;
  /** What to say where the model stops reading. */
  limit: string;
  /** The token that is looked at, null when none of these is. */
  on: number | null;
  /** Code points that a token of another tokenizer stands on. */
  lit: readonly [number, number] | null;
  /** The id that the token looked at bears. */
  onId: string;
  onPoint(token: number | null, by: "pointer" | "keys"): void;
  onPin(token: number): void;
}

export function Flow(props: FlowProps) {
  const { label, store, look, marks, limit, on, lit, onId, onPoint, onPin } = props;
  const blocks = useBlocks(store.chunks);
  const { viewport, first, last } = blocks;
  /** Where the keyboard is; it stays when the pointer goes elsewhere. */
  const place = useRef(0);
  const revealing = useRef<number | null>(null);
  /** Where the pointer rested when a key was pressed: the text scrolls away below it, and it has not moved. */
  const rested = useRef<string | null>(null);
  /** Where the pointer was last heard of; empty before the first time. */
  const pointer = useRef("");
  const hasMoved = (event: PointerEvent) => {
    pointer.current = `${event.screenX} ${event.screenY}`;
    // Heard of for the first time since the key: that is where it rested.
    if (rested.current === "") rested.current = pointer.current;
    return pointer.current !== rested.current;
  };
  useLayoutEffect(() => store.want(first, last), [store, first, last]);
  useLayoutEffect(() => {
    const found = revealing.current === null ? null : viewport.current?.querySelector(`[id="${onId}"]`);
    if (!found) return;
    revealing.current = null;
    blocks.reveal(found);
  });

  const goTo = (token: number) => {
    const target = Math.min(store.total - 1, Math.max(0, token));
    place.current = target;
    revealing.current = target;
    rested.current = pointer.current;
    const block = store.chunkOf(target);
    if (block < first || block > last) blocks.toBlock(block);
    onPoint(target, "keys");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = () => {
      switch (event.key) {
        case "ArrowRight":
        case "ArrowLeft": {
          const forward = event.key === (isReversed(viewport.current, onId) ? "ArrowLeft" : "ArrowRight");
          return goTo(place.current + (forward ? 1 : -1));
        }
        case "ArrowDown":
        case "ArrowUp": {
          const next = lineAway(viewport.current, onId, event.key === "ArrowDown");
          return goTo(next ?? place.current + (event.key === "ArrowDown" ? 1 : -1));
        }
        case "PageDown":
          return goTo(place.current + PAGE);
        case "PageUp":
          return goTo(place.current - PAGE);
        case "Home":
          return goTo(0);
        case "End":
          return goTo(store.total - 1);
        case "Enter":
        case " ":
          return onPin(place.current);
        default:
          return null;
      }
    };
    if (act() === null) return;
    event.preventDefault();
    event.stopPropagation();
  };

  const shown = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
  return (
    <div class="nbt-flow-frame">
      <div
        ref={viewport}
        class={`nbt-flow nbt-flow-${look}${marks ? " nbt-flow-marks" : ""}`}
        role="listbox"
        aria-label={label}
        aria-activedescendant={on === null ? undefined : onId}
        tabIndex={0}
        onScroll={blocks.onScroll}
        onKeyDown={onKeyDown}
        onFocus={() => viewport.current?.matches(":focus-visible") && goTo(place.current)}
        onBlur={() => onPoint(null, "keys")}
        onPointerMove={(event) => {
          if (!hasMoved(event)) return;
          rested.current = null;
          onPoint(tokenAt(event), "pointer");
        }}
        onPointerLeave={(event) => {
          if (hasMoved(event)) onPoint(null, "pointer");
        }}
        onClick={(event) => {
          const token = tokenAt(event);
          // A drag that selects text is not a press.
          if (token === null || String(getSelection()) !== "") return;
          place.current = token;
          onPin(token);
        }}
      >
        <div style={{ height: `${blocks.before}px` }} />
        {shown.map((number) => (
          <StoredBlock
            key={number}
            number={number}
            store={store}
            look={look}
            limit={limit}
            on={on}
            lit={lit}
            onId={onId}
          />
        ))}
        <div style={{ height: `${blocks.after}px` }} />
      </div>
      <NoticeStrip notice={store.notice} retry={() => store.retry()} />
    </div>
  );
}

/** Tokens that PageUp and PageDown go by. */
const PAGE = 100;

type StoredBlockProps = Pick<FlowProps, "store" | "look" | "limit" | "on" | "lit" | "onId"> & {
  number: number;
};

function StoredBlock({ number, store, ...props }: StoredBlockProps) {
  const segments = useMemo<Segment[] | null>(() => store.block(number), [store, number, store.state(number)]);
  const facts = useMemo(() => (token: number) => store.facts(token), [store]);
  if (!segments) return <div class="nbt-block nbt-block-empty" data-block={number} aria-busy="true" />;
  return <Block number={number} segments={segments} facts={facts} {...props} />;
}

/** The token under the pointer. Tokens that share a character share its width, in the direction of its script. */
function tokenAt(event: MouseEvent): number | null {
  const element = (event.target as Element).closest<HTMLElement>("[data-n]");
  if (!element) return null;
  const first = Number(element.dataset.n);
  const count = Number(element.dataset.c ?? 1);
  if (count === 1) return first;
  const { left, width } = element.getBoundingClientRect();
  const share = width > 0 ? (event.clientX - left) / width : 0;
  const piece = Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  return first + pieceAt(element.textContent ?? "", count, piece);
}

/** Whether the next token stands to the left of the one looked at. */
function isReversed(viewport: HTMLElement | null, onId: string): boolean {
  const block = viewport?.querySelector(`[id="${onId}"]`)?.closest(".nbt-block");
  return block ? getComputedStyle(block).direction === "rtl" : false;
}

/** The token nearest to the one looked at on the line below or above. */
function lineAway(viewport: HTMLElement | null, onId: string, down: boolean): number | null {
  const on = viewport?.querySelector<HTMLElement>(`[id="${onId}"]`)?.getClientRects()[0];
  if (!viewport || !on) return null;
  const middle = on.left + on.width / 2;
  let best: { token: number; line: number; away: number } | null = null;
  for (const element of viewport.querySelectorAll<HTMLElement>("[data-n]")) {
    const rect = element.getClientRects()[0];
    if (!rect) continue;
    const line = down ? rect.top - on.top : on.top - rect.top;
    if (line < on.height / 2) continue;
    const away = Math.max(0, rect.left - middle, middle - rect.right);
    if (
      best &&
      (line > best.line + on.height / 2 || (line > best.line - on.height / 2 && away >= best.away))
    ) {
      continue;
    }
    best = { token: Number(element.dataset.n), line, away };
  }
  return best?.token ?? null;
}
