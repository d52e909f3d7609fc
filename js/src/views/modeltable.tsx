// A row a model: what it is for, how large it is, whose words it knows; a click, or Enter, shows all that is known.
import { useState } from "preact/hooks";
import type { ModelRow } from "../wire/models";
import { ColumnHeads } from "./columnheads";

interface TableProps {
  table: { current: HTMLTableElement | null };
  rows: readonly ModelRow[];
  chosen: string | null;
  /** Of what is shown of it. */
  detailId: string;
  choose(name: string): void;
  /** The model that is the default of the session. */
  usual: string | null;
  isAsking: boolean;
  /** Where there are no rows, names that may have been meant. */
  near: readonly string[];
  search(name: string): void;
  /** Asks for the next of the Hub; null where there are none. */
  more: (() => void) | null;
}

const STEPS: Record<string, (at: number, rows: number) => number> = {
  ArrowDown: (at, rows) => Math.min(rows - 1, at + 1),
  ArrowUp: (at) => Math.max(0, at - 1),
  Home: () => 0,
  End: (_, rows) => rows - 1,
};

export function ModelTable(props: TableProps) {
  const { table, rows, chosen, detailId, choose, usual, isAsking, more } = props;
  const [reached, reach] = useState<string | null>(null);
  // The one that Tab comes to: the others are a step of the arrows away.
  const found = rows.findIndex(({ model }) => model === (reached ?? chosen));
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
        <None {...props} />
      ) : (
        <div class="nbt-scrolled">
          <table ref={table} class="nbt-plain-table" aria-label="Models">
            <ColumnHeads names={["Model", "Task", "Parameters", "Languages", "Downloads"]} />
            <tbody onKeyDown={walk}>
              {rows.map((row, at) => (
                <Row
                  key={row.model}
                  row={row}
                  detailId={row.model === chosen ? detailId : null}
                  isCurrent={at === current}
                  isUsual={usual !== null && usual.split("@")[0] === row.model}
                  choose={choose}
                  reach={reach}
                />
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

function None({ isAsking, near, search }: TableProps) {
  if (isAsking) return <p class="nbt-none">Searching…</p>;
  return (
    <div class="nbt-none nbt-models-none">
      <p>There is no such model.{near.length > 0 && " Did you mean one of these?"}</p>
      {near.map((name) => (
        <button key={name} type="button" class="nbt-button nbt-button-outlined" onClick={() => search(name)}>
          <bdi>{name}</bdi>
        </button>
      ))}
    </div>
  );
}

interface RowProps {
  row: ModelRow;
  /** Of what is shown of it; null where nothing is. */
  detailId: string | null;
  isCurrent: boolean;
  isUsual: boolean;
  choose(name: string): void;
  reach(name: string): void;
}

function Row({ row, detailId, isCurrent, isUsual, choose, reach }: RowProps) {
  const isChosen = detailId !== null;
  const { model, place, task, architecture, parameters, size, languages, licence, downloads, changed } = row;
  return (
    <tr aria-current={isChosen ? "true" : undefined} onClick={() => choose(model)}>
      <th scope="row">
        <button
          type="button"
          tabIndex={isCurrent ? 0 : -1}
          aria-expanded={isChosen}
          aria-controls={detailId ?? undefined}
          onFocus={() => reach(model)}
        >
          <bdi>{model}</bdi>
        </button>
        <span class="nbt-aside">
          <Place place={place} />
          {isUsual && <span class="nbt-models-place nbt-models-usual">default</span>}
        </span>
        <span class="nbt-aside nbt-models-brief">
          {[languages, licence, downloads, changed].filter((text) => text !== "–").join(" · ")}
        </span>
      </th>
      <Pair first={task} second={architecture} />
      <Pair first={parameters} second={size} isNumber />
      <Pair first={languages} second={licence} />
      <Pair first={downloads} second={changed} isNumber />
    </tr>
  );
}

function Place({ place }: { place: string }) {
  return <span class={`nbt-models-place nbt-models-${place.split(",")[0]}`}>{place}</span>;
}

/** What is read first, and below it what belongs to it. */
function Pair({ first, second, isNumber }: { first: string; second: string; isNumber?: boolean }) {
  const below = second === "–" ? "" : second;
  return (
    <td class={isNumber ? "nbt-number" : undefined}>
      <bdi>{first}</bdi>
      {below && <bdi class="nbt-aside">{below}</bdi>}
    </td>
  );
}
