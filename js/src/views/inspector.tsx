// One text in full, once for each tokenizer, one below another; a token that is looked at shows its card.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { formatCount, plural } from "../text";
import { TokenStore } from "../tokens/store";
import type { Tokenizer, TokenRow } from "../wire/tokenize";
import type { Look } from "./block";
import { Card } from "./card";
import { Flow } from "./flow";
import { CloseIcon } from "./icons";
import { useId } from "./id";
import { TokenBar } from "./tokenbar";

interface InspectorProps {
  row: TokenRow;
  tokenizers: readonly Tokenizer[];
  /** None while the work goes on, and nobody answers. */
  channel: Channel | null;
  look: Look;
  marks: boolean;
  /** The controls of how tokens are shown. */
  bar: ComponentChildren;
  /** None where the row is all there is. */
  onClose: (() => void) | null;
}

/** A token of one of the tokenizers, and what was last used to look at it. */
interface Place {
  tokenizer: number;
  token: number;
  by: "pointer" | "keys";
}

const samePlace = (a: Place | null, b: Place | null) =>
  a?.tokenizer === b?.tokenizer && a?.token === b?.token;

/** Another row is another inspector: give it the row's position for a key. */
export function Inspector({ row, tokenizers, channel, look, marks, bar, onClose }: InspectorProps) {
  const stores = useMemo(
    () => tokenizers.map((_, number) => new TokenStore(channel, row, number)),
    [channel, tokenizers],
  );
  useChanges(stores);
  const [point, setPoint] = useState<Place | null>(null);
  const [pin, setPin] = useState<Place | null>(null);
  const root = useRef<HTMLElement>(null);
  const onId = useId("token");
  useEffect(
    () => () => {
      for (const store of stores) store.dispose();
    },
    [stores],
  );
  const shown = pin ?? point;
  const facts = shown ? stores[shown.tokenizer]?.facts(shown.token) : undefined;
  const lit = useMemo(
    () => (facts && facts.stop > facts.start ? ([facts.start, facts.stop] as const) : null),
    [facts?.start, facts?.stop],
  );
  // Whoever was on the card is back in the text.
  const unpin = () => {
    const text = root.current?.querySelectorAll<HTMLElement>("[role=listbox]")[pin?.tokenizer ?? 0];
    text?.focus();
    setPin(null);
  };
  const title = /^\d+$/.test(row.index) ? `Row ${row.index}` : row.index;
  const several = tokenizers.length > 1;
  const cut = row.reason === null && !row.pending;
  return (
    <section
      ref={root}
      class="nbt-inspector"
      aria-label={onClose ? title : "Tokens"}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !(pin || onClose)) return;
        event.stopPropagation();
        if (pin) unpin();
        else onClose?.();
      }}
    >
      <div class="nbt-detail-head">
        {onClose && (
          <span class="nbt-detail-title">
            <bdi>{title}</bdi>
          </span>
        )}
        {cut && bar}
        {onClose && (
          <button type="button" class="nbt-icon-button" aria-label="Close" onClick={onClose}>
            <CloseIcon />
          </button>
        )}
      </div>
      {!cut && <p class="nbt-muted">{row.pending ? "waiting…" : row.reason}</p>}
      {cut &&
        stores.map((store, number) => {
          const tokenizer = tokenizers[number];
          const tokenized = row.tokenized[number];
          if (!tokenizer || !tokenized) return null;
          const here = shown?.tokenizer === number;
          return (
            <div key={number} class="nbt-cutting">
              <div class="nbt-cutting-head">
                {several && <span class="nbt-cutting-name">{tokenizer.name}</span>}
                <TokenBar count={tokenized.count} cut={tokenized.cut} limit={tokenizer.limit} />
                <span class="nbt-cutting-words">{countWords(tokenized.count, tokenized.cut, tokenizer)}</span>
              </div>
              <Flow
                label={`Tokens by ${tokenizer.name}`}
                store={store}
                look={look}
                marks={marks}
                limit={limitWords(tokenized.count, tokenized.cut)}
                on={here ? shown.token : null}
                lit={here ? null : lit}
                onId={`${onId}-${number}`}
                onPoint={(token, by) => {
                  const next = token === null ? null : { tokenizer: number, token, by };
                  // A pointer that leaves takes nothing from the keyboard, nor the other way round.
                  const keeps = (now: Place | null) => samePlace(now, next) || (!next && now?.by !== by);
                  setPoint((now) => (keeps(now) ? now : next));
                  // The card goes along with whoever walks on.
                  if (pin && next && by === "keys") setPin(next);
                }}
                onPin={(token) => {
                  const next: Place = { tokenizer: number, token, by: "keys" };
                  setPin((now) => (samePlace(now, next) ? null : next));
                }}
              />
            </div>
          );
        })}
      {shown && facts && (
        <Card
          id={`${onId}-card`}
          facts={facts}
          total={stores[shown.tokenizer]?.total ?? 0}
          tokenizer={several ? (tokenizers[shown.tokenizer]?.name ?? null) : null}
          anchor={() => root.current?.querySelector(`[id="${onId}-${shown.tokenizer}"]`) ?? null}
          above={shown.tokenizer < (tokenizers.length - 1) / 2}
          pinned={pin !== null}
          onClose={unpin}
        />
      )}
    </section>
  );
}

/** Draw again when tokens arrive: the text shows them, and the card may be waiting for one of them. */
function useChanges(stores: readonly TokenStore[]): void {
  const [, draw] = useState(0);
  useLayoutEffect(() => {
    const ends = stores.map((store) => store.subscribe(() => draw((times) => times + 1)));
    return () => {
      for (const end of ends) end();
    };
  }, [stores]);
}

/** "512 of 734 tokens: 222 cut" */
function limitWords(count: number, cut: number): string {
  return `${formatCount(count - cut)} of ${plural(count, "token")}: ${formatCount(cut)} cut`;
}

function countWords(count: number, cut: number, { limit }: Tokenizer): string {
  if (cut > 0) return limitWords(count, cut);
  return limit ? `${formatCount(count)} of ${plural(limit, "token")}` : plural(count, "token");
}
