// A row a dataset: what it is for, how many rows it has, whose languages; a click, or Enter, shows all that is known.
import type { DatasetRow } from "../wire/datasets";
import { Brief, type FoundProps, ListTable, None, Pair, Place } from "./listtable";

export function DatasetTable({ near, search, ...table }: FoundProps<DatasetRow>) {
  return (
    <ListTable
      {...table}
      label="Datasets"
      heads={["Dataset", "Task", "Rows", "Languages", "Downloads"]}
      nameOf={({ dataset }) => dataset}
      under={({ place, rows, size, languages, licence, downloads, changed }) => (
        <>
          <span class="nbt-aside">
            <Place place={place} />
          </span>
          <Brief parts={[languages, licence, downloads, changed]} more={[rows, size]} />
        </>
      )}
      cells={({ task, rows, size, languages, licence, downloads, changed }) => (
        <>
          <Pair first={task} second="" />
          <Pair first={rows} second={size} isNumber />
          <Pair first={languages} second={licence} />
          <Pair first={downloads} second={changed} isNumber />
        </>
      )}
      none={<None what="dataset" isAsking={table.isAsking} near={near} search={search} />}
    />
  );
}
