// The entities in some texts: how many of each type, a table that filters and sorts, and one text in full.
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { labelColours } from "../colour";
import { type EntitiesQuery, EVERYTHING, select } from "../query/entities";
import { oneLine } from "../text";
import { EntityDetail } from "../views/entitydetail";
import { EntityText, type Types } from "../views/entitytext";
import type { Column } from "../views/grid";
import { indexColumn, NoResult, textColumn } from "../views/rowcolumns";
import { Totals } from "../views/totals";
import { type EntitiesHeader, EntityPage, type EntityRow, entitiesHeader } from "../wire/entities";
import type { ResultProps } from "./panel";
import { OneOrMany, Result, type Rows, type RowsKind, RowTable, useRows, useTable } from "./rowtable";

type EntityRows = Rows<EntityRow, EntitiesQuery, EntityPage, EntitiesHeader>;

const KIND: RowsKind<EntityRow, EntitiesQuery, EntityPage, EntitiesHeader> = {
  header: entitiesHeader,
  read: EntityPage.read,
  everything: EVERYTHING,
  select,
};

export function EntitiesPanel(props: ResultProps) {
  const rows = useRows(props, KIND);
  const { header, channel, fullText } = rows;
  const names = JSON.stringify(header.types);
  const colours = useMemo(() => labelColours(header.types), [names]);
  const show = { names: header.types, colours };
  const detail = (row: EntityRow, only: number | null, onClose: (() => void) | null) => (
    <EntityDetail
      key={row.position}
      row={row}
      types={{ ...show, only }}
      channel={channel}
      fullText={fullText}
      onClose={onClose}
    />
  );
  return (
    <Result rows={rows}>
      <OneOrMany
        rows={rows}
        one={(row) => (
          <OneText header={header} colours={colours} detail={(only) => detail(row, only, null)} />
        )}
        many={() => <ManyTexts key={names} rows={rows} colours={colours} detail={detail} />}
      />
    </Result>
  );
}

interface LegendProps {
  header: EntitiesHeader;
  colours: readonly string[];
  only: number | null;
  onOnly(type: number | null): void;
}

function Legend({ header: { types, counts }, colours, only, onOnly }: LegendProps) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return (
    <Totals
      names={types}
      colours={colours}
      counts={counts}
      withoutScore={0}
      rows={all}
      done={all}
      unit={["entity", "entities"]}
      parts
      filter={only}
      onFilter={(type) => onOnly(type as number | null)}
    />
  );
}

interface OneTextProps {
  header: EntitiesHeader;
  colours: readonly string[];
  detail(only: number | null): ComponentChildren;
}

function OneText({ header, colours, detail }: OneTextProps) {
  const [only, setOnly] = useState<number | null>(null);
  return (
    <>
      <Legend header={header} colours={colours} only={only} onOnly={setOnly} />
      {detail(only)}
    </>
  );
}

interface ManyTextsProps {
  rows: EntityRows;
  colours: readonly string[];
  detail(row: EntityRow, only: number | null, close: () => void): ComponentChildren;
}

function ManyTexts({ rows, colours, detail }: ManyTextsProps) {
  const { header, page } = rows;
  const table = useTable(rows, EVERYTHING);
  const { type } = table.query;
  const columns = useMemo(
    () => columnsOf(header, page, { names: header.types, colours, only: type }),
    [header, page, colours, type],
  );
  const filterBy = (type: number | null) => table.ask({ type });
  return (
    <>
      <Legend header={header} colours={colours} only={type} onOnly={filterBy} />
      <RowTable
        rows={rows}
        table={table}
        label={`Entities of ${header.title}`}
        columns={columns}
        each="entity"
        filter={type === null ? null : { name: header.types[type] ?? "", colour: colours[type] ?? "grey" }}
        onClear={() => filterBy(null)}
        detail={(row, close) => detail(row, type, close)}
        below
      />
    </>
  );
}

function columnsOf(
  { rows }: EntitiesHeader,
  page: EntityPage,
  types: Types,
): Column<EntityRow, "row" | "text" | "entities">[] {
  return [
    indexColumn(page, rows),
    {
      key: "entities",
      title: "Entities",
      sort: "entities",
      width: "minmax(12ch, 16ch)",
      narrowWidth: "12ch",
      cell: (row) =>
        row.reason === null && !row.pending ? (
          <span class="nbt-number">{row.count}</span>
        ) : (
          <NoResult row={row} />
        ),
    },
    {
      ...textColumn,
      narrowWidth: "minmax(0, 1fr)",
      cell: (row, narrow) =>
        row.entities.length > 0 ? (
          <span class="nbt-text" dir="auto">
            <EntityText text={row.text} entities={row.entities} types={types} written={oneLine} />
          </span>
        ) : (
          textColumn.cell(row, narrow)
        ),
    },
  ];
}
