// What the panels of both lists have on the screen: which of a list is looked at, and where the focus goes.
import { useRef } from "preact/hooks";
import type { ResultProps } from "../panels/panel";
import { useLost } from "../training/lost";
import { useId } from "../views/id";
import { useChosen } from "./chosen";
import type { Searched } from "./searched";

interface InSight {
  number: number;
  summary: string;
  notes: readonly string[];
  near: readonly string[];
  more: boolean;
}

/** What goes to the frame of the panel, to its table, and to all that is known of the one that is looked at. */
export function useInList<Wish extends { search: string }, Listed extends InSight>(
  what: string,
  header: { title: string; cell: string | null },
  searched: Searched<Wish, Listed>,
  names: readonly string[],
  { channel, host, selection, select }: ResultProps,
) {
  const { listed, isAsking, problem, more, setWish } = searched;
  const isLost = useLost(host);
  const [chosen, choose] = useChosen(searched, names, selection, select);
  const detailId = useId(what);
  const table = useRef<HTMLTableElement>(null);
  const focusOn = (selector: string) => table.current?.querySelector<HTMLElement>(selector)?.focus();
  return {
    chosen,
    toList: () => focusOn("tbody button"),
    frame: {
      title: header.title,
      status: isAsking ? "Searching…" : listed.summary,
      isLost,
      problem,
      notes: listed.notes,
    },
    table: {
      table,
      chosen,
      detailId,
      choose,
      isAsking,
      near: isLost ? [] : listed.near,
      search: (search: string) => setWish({ search } as Partial<Wish>),
      more: listed.more && !isLost ? more : null,
    },
    detail: {
      id: detailId,
      channel,
      host,
      cell: header.cell,
      isLost,
      close: () => {
        focusOn('tr[aria-current="true"] button');
        choose(null);
      },
    },
  };
}
