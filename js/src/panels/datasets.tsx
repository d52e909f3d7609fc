// Datasets: what is searched for and how it is filtered, the list, and the one that is chosen with its first rows.
import { useMemo, useState } from "preact/hooks";
import { byName, useDatasets } from "../models/datasets";
import { useInList } from "../models/inlist";
import { DatasetDetail } from "../views/datasetdetail";
import { DatasetFilters } from "../views/datasetfilters";
import { DatasetTable } from "../views/datasettable";
import { ListPanel } from "../views/listpanel";
import { datasetsHeader } from "../wire/datasets";
import type { ResultProps } from "./panel";

export function DatasetsPanel(props: ResultProps) {
  const header = useMemo(() => datasetsHeader(props.header), [props.header]);
  const datasets = useDatasets(header, props.channel);
  const { rows } = datasets.listed;
  const names = rows.map(({ dataset }) => dataset);
  const { chosen, toList, frame, table, detail } = useInList("dataset", header, datasets, names, props);
  const [isByName, sortByName] = useState(false);
  return (
    <ListPanel
      {...frame}
      filters={
        <DatasetFilters
          header={header}
          wish={datasets.wish}
          setWish={datasets.setWish}
          isByName={isByName}
          sortByName={sortByName}
          onDown={toList}
        />
      }
      list={<DatasetTable {...table} rows={isByName ? byName(rows) : rows} />}
      detail={
        chosen === null ? null : (
          <DatasetDetail key={chosen} name={chosen} {...detail} first={null} selection={null} />
        )
      }
    />
  );
}
