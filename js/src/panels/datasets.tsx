// Datasets: what is searched for and how it is filtered, the list, and the one that is chosen with its first rows.
import { useMemo, useRef, useState } from "preact/hooks";
import { useChosen } from "../models/chosen";
import { byName, useDatasets } from "../models/datasets";
import { useLost } from "../training/lost";
import { DatasetDetail } from "../views/datasetdetail";
import { DatasetFilters } from "../views/datasetfilters";
import { DatasetTable } from "../views/datasettable";
import { useId } from "../views/id";
import { ListPanel } from "../views/listpanel";
import { datasetsHeader } from "../wire/datasets";
import type { ResultProps } from "./panel";

export function DatasetsPanel({ header: raw, channel, selection, select, host }: ResultProps) {
  const header = useMemo(() => datasetsHeader(raw), [raw]);
  const datasets = useDatasets(header, channel);
  const { listed, wish, setWish, isAsking, problem, more } = datasets;
  const isLost = useLost(host);
  const [isByName, sortByName] = useState(false);
  const names = listed.rows.map(({ dataset }) => dataset);
  const [chosen, choose] = useChosen(datasets, names, selection, select);
  const detailId = useId("dataset");
  const table = useRef<HTMLTableElement>(null);
  const focusOn = (selector: string) => table.current?.querySelector<HTMLElement>(selector)?.focus();
  return (
    <ListPanel
      title={header.title}
      status={isAsking ? "Searching…" : listed.summary}
      isLost={isLost}
      problem={problem}
      notes={listed.notes}
      filters={
        <DatasetFilters
          header={header}
          wish={wish}
          setWish={setWish}
          isByName={isByName}
          sortByName={sortByName}
          onDown={() => focusOn("tbody button")}
        />
      }
      list={
        <DatasetTable
          table={table}
          rows={isByName ? byName(listed.rows) : listed.rows}
          chosen={chosen}
          detailId={detailId}
          choose={choose}
          isAsking={isAsking}
          near={isLost ? [] : listed.near}
          search={(search) => setWish({ search })}
          more={listed.more && !isLost ? more : null}
        />
      }
      detail={
        chosen === null ? null : (
          <DatasetDetail
            key={chosen}
            id={detailId}
            name={chosen}
            channel={channel}
            host={host}
            cell={header.cell}
            isLost={isLost}
            first={null}
            selection={null}
            close={() => {
              focusOn('tr[aria-current="true"] button');
              choose(null);
            }}
          />
        )
      }
    />
  );
}
