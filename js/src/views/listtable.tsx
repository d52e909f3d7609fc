// A row for each thing of the Hub that was found; a click, or Enter, shows all that is known. The arrows walk.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ColumnHeads } from "./columnheads";

/** What is found, as the table of either list is given it. */
export interface FoundProps<Row> {
  table: { current: HTMLTableElement | null };
  rows: readonly Row[];
  /** The name of the one that is looked at. */
  chosen: string | null;
  /** Of what is shown of it. */
  detailId: string;
  choose(name: string): void;
  isAsking: boolean;
  /** Where there are no rows, names that may have been meant. */
  near: readonly string[];
  search(name: string): void;
  /** Asks for the next of the Hub; null where there are none. */
  more: (() => void) | null;
}

interface ListTableProps<Row> extends Omit<FoundProps<Row>, "near" | "search"> {
  /** What the rows are, to a screen reader. */
  label: string;
  heads: readonly string[];
  nameOf(row: Row): string;
  /** What stands below the name. */
  under(row: Row): ComponentChildren;
  /** The other cells. */
  cells(row: Row): ComponentChildren;
  /** What is said where there are no rows. */
  none: ComponentChildren;
}

const STEPS: Record<string, (at: number, rows: number) => number> = {
  ArrowDown: (at, rows) => Math.min(rows - 1, at + 1),
  ArrowUp: (at) => Math.max(0, at - 1),
  Home: () => 0,
  End: (_, rows) => rows - 1,
};

export function ListTable<Row>(props: ListTableProps<Row>) {
  const { table, label, heads, rows, nameOf, chosen, isAsking, more, none } = props;
  const [reached, reach] = useState<string | null>(null);
  // The one that Tab comes to: the others are a step of the arrows away.
  const found = rows.findIndex((row) => nameOf(row) === (reached ?? chosen));
  const current = Math.max(0, found);
  const walk = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step || rows.length === 0) return;
    event.preventDefault();
    table.current?.querySelectorAll<HTMLElement>("tbody button")[step(current, rows.length)]?.focus();
  };
  return (
    <div class="nbt-models-list" aria-busy={isAsking}>
      {rows.length === 0 ? (
        none
      ) : (
        <div class="nbt-scrolled">
          <table ref={table} class="nbt-plain-table" aria-label={label}>
            <ColumnHeads names={heads} />
            <tbody onKeyDown={walk}>
              {rows.map((row, at) => (
                <ListRow key={nameOf(row)} {...props} row={row} isCurrent={at === current} reach={reach} />
              ))}
            </tbody>
          </table>
          {more && (
            <button
              type="button"
              class="nbt-button nbt-button-outlined nbt-models-more"
              disabled={isAsking}
              onClick={more}
            >
              More from the Hub
            </button>
          )}
        </div>
      )}
    </div>
  );
}

interface RowProps<Row> extends ListTableProps<Row> {
  row: Row;
  isCurrent: boolean;
  reach(name: string): void;
}

function ListRow<Row>({ row, isCurrent, reach, ...props }: RowProps<Row>) {
  const { nameOf, under, cells, chosen, detailId, choose } = props;
  const name = nameOf(row);
  const isChosen = name === chosen;
  return (
    <tr aria-current={isChosen ? "true" : undefined} onClick={() => choose(name)}>
      <th scope="row">
        <button
          type="button"
          tabIndex={isCurrent ? 0 : -1}
          aria-expanded={isChosen}
          aria-controls={isChosen ? detailId : undefined}
          onFocus={() => reach(name)}
        >
          <bdi>{name}</bdi>
        </button>
        {under(row)}
      </th>
      {cells(row)}
    </tr>
  );
}

export function Place({ place }: { place: string }) {
  return <span class={`nbt-models-place nbt-models-${place.split(",")[0]}`}>{place}</span>;
}

interface BriefProps {
  /** Of the columns that a narrow list has no room for. */
  parts: readonly string[];
  /** Of those that a very narrow one has none for either. */
  more: readonly string[];
}

/** What is said where the list is narrow, below the name. */
export function Brief({ parts, more }: BriefProps) {
  const said = (texts: readonly string[]) => texts.filter((text) => text !== "–").join(" · ");
  return (
    <>
      <span class="nbt-aside nbt-models-briefest">{said(more)}</span>
      <span class="nbt-aside nbt-models-brief">{said(parts)}</span>
    </>
  );
}

/** What is read first, and below it what belongs to it. */
export function Pair({ first, second, isNumber }: { first: string; second: string; isNumber?: boolean }) {
  const below = second === "–" ? "" : second;
  return (
    <td class={isNumber ? "nbt-number" : undefined}>
      <bdi>{first}</bdi>
      {below && <bdi class="nbt-aside">{below}</bdi>}
    </td>
  );
}

interface NoneProps {
  /** A thing of the list, such as `model`. */
  what: string;
  isAsking: boolean;
  /** Names that may have been meant. */
  near: readonly string[];
  search(name: string): void;
}

export function None({ what, isAsking, near, search }: NoneProps) {
  if (isAsking) return <p class="nbt-none">Searching…</p>;
  return (
    <div class="nbt-none nbt-models-none">
      <p>
        There is no such {what}.{near.length > 0 && " Did you mean one of these?"}
      </p>
      {near.map((name) => (
        <button key={name} type="button" class="nbt-button nbt-button-outlined" onClick={() => search(name)}>
          <bdi>{name}</bdi>
        </button>
      ))}
    </div>
  );
}
