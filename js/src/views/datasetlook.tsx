// The first rows of a dataset: of which subset and split, each column with its type, and a long cell whole.
import { useEffect, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { formatCount, plural } from "../text";
import type { Look, LookCell } from "../wire/datasets";
import { useAction } from "./action";
import { CopiedText } from "./copiedtext";
import { CloseIcon } from "./icons";
import { Notes } from "./notices";
import { Scrolled } from "./scrolled";
import { Segments } from "./segments";
import { Select } from "./select";
import { SelectedCount } from "./selectedcount";
import { WithCode } from "./withcode";

const ROWS = 10;
const MOST_ROWS = 100;
/** More splits than these are chosen from a list. */
const SPLITS_IN_SIGHT = 4;

/** Rows that are selected, here and in Python. */
export interface RowSelection {
  rows: readonly number[];
  select(rows: number[]): void;
}

interface LookProps {
  name: string;
  channel: Channel;
  isLost: boolean;
  /** Whether it is said already why there is nothing to see. */
  isSaid: boolean;
  look: Look | null;
  onLook(look: Look): void;
  selection: RowSelection | null;
}

export function DatasetLook({ name, channel, isLost, isSaid, look, onLook, selection }: LookProps) {
  const { state, ask } = useAction<Look>(channel);
  const [wanted, want] = useState(0);
  const lookInto = (subset: string | null, split: string | null, rows = ROWS) => {
    want(rows);
    ask("look", { name, subset, split, rows });
  };
  useEffect(() => {
    if (look === null && !isLost) lookInto(null, null);
  }, [channel, name]);
  useEffect(() => {
    if (state.kind === "answered") onLook(state.answer);
  }, [state]);
  const isAsking = state.kind === "asking";
  const problem = state.kind === "failed" && !isSaid ? state.message : null;
  return (
    <section class="nbt-dataset-look" aria-label="First rows" aria-busy={isAsking}>
      {look && !isLost && (
        <div class="nbt-tools">
          <Subsets look={look} choose={(subset) => lookInto(subset, null)} />
          <Splits look={look} choose={(split) => lookInto(look.subset, split)} />
        </div>
      )}
      {isAsking && !isLost && (
        <p class="nbt-aside" role="status">
          <span class="nbt-spinner" /> Looking into it…
        </p>
      )}
      {problem !== null && (
        <p class="nbt-bad" role="alert">
          <WithCode text={problem} />
        </p>
      )}
      {look && (
        <>
          <Notes notes={look.notes} />
          <Rows key={`${look.name} ${look.subset} ${look.split}`} {...{ look, channel, isLost, selection }} />
          {!isLost && hasMore(look, wanted) && (
            <button
              type="button"
              class="nbt-button nbt-button-outlined nbt-dataset-more"
              disabled={isAsking}
              onClick={() =>
                lookInto(look.subset, look.split, Math.min(MOST_ROWS, look.rows.length + 2 * ROWS))
              }
            >
              More rows
            </button>
          )}
        </>
      )}
    </section>
  );
}

/** Whether there are rows that are not in sight, and may be; where nobody says how many there are, there may be. */
function hasMore({ rows, split, splits }: Look, wanted: number): boolean {
  const all = splits.find(([name]) => name === split)?.[1] ?? null;
  const are = all === null ? rows.length > 0 && rows.length >= wanted : rows.length < all;
  return are && rows.length < MOST_ROWS;
}

function Subsets({ look, choose }: { look: Look; choose(subset: string): void }) {
  if (look.subset === null || look.subsets.length < 2) return null;
  return (
    <Select
      label="Subset"
      options={look.subsets.map((one) => [one, one] as const)}
      chosen={look.subset}
      onChoose={choose}
    />
  );
}

function Splits({ look, choose }: { look: Look; choose(split: string): void }) {
  const options = look.splits.map(
    ([split, rows]) => [split, rows === null ? split : `${split} · ${plural(rows, "row")}`] as const,
  );
  if (options.length === 1) return <span class="nbt-aside">{options[0]?.[1]}</span>;
  if (options.length > SPLITS_IN_SIGHT)
    return <Select label="Split" options={options} chosen={look.split} onChoose={choose} />;
  return <Segments label="Split, and its rows" options={options} chosen={look.split} onChoose={choose} />;
}

interface Place {
  row: number;
  column: number;
}

interface RowsProps {
  look: Look;
  channel: Channel;
  isLost: boolean;
  selection: RowSelection | null;
}

function Rows({ look, channel, isLost, selection }: RowsProps) {
  const [opened, open] = useState<Place | null>(null);
  const title = (place: Place) => `${look.columns[place.column]?.[0]}, row ${place.row}`;
  if (look.rows.length === 0) return <p class="nbt-none">It has no rows.</p>;
  return (
    <>
      {selection && selection.rows.length > 0 && (
        <SelectedCount
          said={`${plural(selection.rows.length, "row")} selected`}
          clear={() => selection.select([])}
        />
      )}
      <Scrolled label={`Rows of ${look.split}`} class="nbt-dataset-rows">
        <table class="nbt-plain-table">
          <thead>
            <tr>
              <th scope="col">Row</th>
              {look.columns.map(([name, type], at) => (
                <th key={at} scope="col">
                  <bdi>{name}</bdi>
                  <bdi class="nbt-aside">{type}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {look.rows.map((cells, row) => (
              <tr key={row} class={selection?.rows.includes(row) ? "nbt-dataset-selected" : undefined}>
                <th scope="row">
                  <RowNumber row={row} selection={selection} />
                </th>
                {cells.map((cell, column) => (
                  <Cell
                    key={column}
                    cell={cell}
                    title={title({ row, column })}
                    isOpen={opened?.row === row && opened.column === column}
                    open={isLost ? null : () => open({ row, column })}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolled>
      {opened && (
        <Whole
          key={`${opened.row} ${opened.column}`}
          look={look}
          place={opened}
          title={title(opened)}
          channel={channel}
          close={() => open(null)}
        />
      )}
    </>
  );
}

function RowNumber({ row, selection }: { row: number; selection: RowSelection | null }) {
  if (!selection) return <>{row}</>;
  const { rows, select } = selection;
  return (
    <label class="nbt-models-check">
      <input
        type="checkbox"
        aria-label={`Select row ${row}`}
        checked={rows.includes(row)}
        onChange={({ currentTarget }) =>
          select(
            currentTarget.checked
              ? [...rows, row].sort((a, b) => a - b)
              : rows.filter((other) => other !== row),
          )
        }
      />
      {row}
    </label>
  );
}

interface CellProps {
  cell: LookCell;
  title: string;
  isOpen: boolean;
  /** Shows it whole; null where nobody can be asked. */
  open: (() => void) | null;
}

function Cell({ cell, title, isOpen, open }: CellProps) {
  return (
    <td dir="auto">
      {cell.text}
      {cell.left > 0 && "…"}
      {cell.left > 0 && open && (
        <button
          type="button"
          class="nbt-dataset-left"
          aria-expanded={isOpen}
          aria-label={`${title}: show all`}
          onClick={open}
        >
          {`${formatCount(cell.left)} more`}
        </button>
      )}
    </td>
  );
}

interface WholeProps {
  look: Look;
  place: Place;
  title: string;
  channel: Channel;
  close(): void;
}

/** A long cell, all of it. */
function Whole({ look, place, title, channel, close }: WholeProps) {
  const { state, ask } = useAction<LookCell>(channel);
  const { name, subset, split } = look;
  useEffect(() => ask("cell", { name, subset, split, ...place }), [channel]);
  const button = (
    <button type="button" class="nbt-icon-button" aria-label={`Close ${title}`} onClick={close}>
      <CloseIcon />
    </button>
  );
  if (state.kind === "failed")
    return (
      <p class="nbt-bad" role="alert">
        <WithCode text={state.message} />
      </p>
    );
  if (state.kind !== "answered") return null;
  const { text, left } = state.answer;
  return (
    <CopiedText
      title={left > 0 ? `${title}, without its last ${formatCount(left)} characters` : title}
      text={text}
      dir="auto"
    >
      {button}
    </CopiedText>
  );
}
