// The weights that the lines in sight are drawn from: asked for where one looks, and kept.
import { useMemo, useRef } from "preact/hooks";
import { useAsked } from "./asking";
import type { Place, Sight, Weights } from "./edges";
import type { ViewProps } from "./looking";
import { askEdges, askRows, blocksOf, type Rows, type Where, weightsOf, wholeRows } from "./weights";

/** A place that is pointed at, or kept. */
export interface Focus {
  side: "queries" | "keys";
  place: number;
}

export interface Found {
  weights: Weights;
  /** Of the query that is looked at, its weights to every key. */
  rows: Rows | null;
  /** Whether the weights in sight are still on their way. */
  waiting: boolean;
  notice: ReturnType<typeof useAsked>["notice"];
  retry(): void;
}

/** Of the blocks in sight so many weights are asked for: enough to draw when some are scrolled away. */
const MOST_ASKED = 2_000;
const NOTHING: Weights = { head: [], query: [], key: [], weight: [] };

export function useWeights(
  { reading, look, ask, kept }: ViewProps,
  sight: Sight,
  focus: Focus | null,
): Found {
  const { part, layer, heads, words } = look;
  // The weights between words are asked for as such: the strongest of tokens are not all that a word's are summed of.
  const where: Where = { part, layer, heads, words };
  const isWhole = reading.isWhole(part);
  const name = `${part.part} ${layer} ${heads} ${words}`;
  const { queries, keys } = sight;
  const rowsIn = blocksOf(queries, ...sight.from, part.queries);
  const columnsIn = blocksOf(keys, ...sight.to, part.keys);

  const seen = useAsked(kept, isWhole ? null : `lines ${name} ${rowsIn} ${columnsIn}`, (signal) =>
    askEdges(ask, where, rowsIn, columnsIn, MOST_ASKED, signal),
  );
  const place = focus && (focus.side === "queries" ? queries : keys)[focus.place];
  const tokens = useMemo(() => (place ? tokensOf(place) : []), [place?.start, place?.stop]);
  const isQuery = focus?.side === "queries";
  const row = useAsked(kept, isWhole || !place || !isQuery ? null : `rows ${name} ${tokens}`, (signal) =>
    askRows(ask, where, tokens, signal),
  );
  const toKey = useAsked(
    kept,
    isWhole || !place || isQuery ? null : `to ${name} ${rowsIn} ${tokens}`,
    (signal) => {
      const columns = [place?.start ?? 0, place?.stop ?? 0] as const;
      return askEdges(ask, where, rowsIn, columns, MOST_ASKED, signal);
    },
  );

  const whole = useMemo(
    () => (isWhole ? wholeRows(reading, where, tokensOf({ start: 0, stop: part.queries })) : null),
    [reading, isWhole, part, layer, heads],
  );
  const rows = useMemo(
    () => (isWhole && isQuery && place ? wholeRows(reading, where, tokens) : (row.answer ?? null)),
    [reading, isWhole, isQuery, part, layer, heads, tokens, row.answer],
  );
  // What was in sight stays until what is in sight arrives.
  const last = useRef<{ layer: string; weights: Weights } | null>(null);
  const layerName = `${part.part} ${layer} ${words}`;
  if (seen.answer) last.current = { layer: layerName, weights: seen.answer };
  const before = last.current?.layer === layerName ? last.current.weights : NOTHING;
  const weights = useMemo(() => {
    if (rows) return weightsOf(rows, columnsIn);
    if (whole) return weightsOf(whole, columnsIn);
    return toKey.answer ?? before;
  }, [rows, whole, toKey.answer, before, ...columnsIn]);
  const asked = [seen, row, toKey].find(({ notice }) => notice !== null) ?? seen;
  const waiting = !isWhole && !seen.answer;
  return { weights, rows, waiting, notice: asked.notice, retry: asked.retry };
}

function tokensOf({ start, stop }: Place): number[] {
  return Array.from({ length: stop - start }, (_, at) => start + at);
}
