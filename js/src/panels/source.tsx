// The rows of a result, for whichever panel shows them.
import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import type { Channel } from "../channel";
import type { Query } from "../query/rows";
import { LocalRows } from "../rows/local";
import { PartialRows } from "../rows/partial";
import { type ReadPage, RemoteRows } from "../rows/remote";
import type { RowSource } from "../rows/source";
import { NoticeStrip } from "../views/notices";
import type { Header, Page } from "../wire/sections";

/** How the rows of one kind are read, picked and ordered. */
export interface RowKind<R, Q extends Query, P extends Page<R>> {
  read: ReadPage<R>;
  everything: Q;
  select(page: P, query: Q): number[];
}

/** The rows of this result; drawn again whenever some of them arrive. */
export function useSource<R, Q extends Query, P extends Page<R>>(
  { inline, partial, rows }: Header,
  page: P,
  channel: Channel,
  kind: RowKind<R, Q, P>,
): RowSource<R, Q> {
  const { read, everything, select } = kind;
  const source = useMemo<RowSource<R, Q>>(() => {
    if (partial) return new PartialRows(page, rows, everything);
    if (inline) return new LocalRows(page, (query: Q) => select(page, query), everything, channel);
    return new RemoteRows(channel, rows, page, read, everything);
  }, [page, partial, rows, channel]);
  const [, draw] = useState(0);
  useLayoutEffect(() => {
    const again = () => draw((count) => count + 1);
    // The views below have asked their first questions already.
    again();
    return source.subscribe(again);
  }, [source]);
  useEffect(() => () => source.dispose(), [source]);
  return source;
}

/** Why rows are not there yet, where that deserves a word. */
export function Wait<R, Q extends Query>({ source }: { source: RowSource<R, Q> }) {
  return <NoticeStrip notice={source.notice} retry={() => source.retry()} />;
}
