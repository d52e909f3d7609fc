// A row a model: what it is for, how large it is, whose words it knows; a click, or Enter, shows all that is known.
import type { ModelRow } from "../wire/models";
import { Brief, type FoundProps, ListTable, None, Pair, Place } from "./listtable";

interface TableProps extends FoundProps<ModelRow> {
  /** The default of the session. */
  usual: string | null;
}

export function ModelTable({ usual, near, search, ...table }: TableProps) {
  return (
    <ListTable
      {...table}
      label="Models"
      heads={["Model", "Task", "Parameters", "Languages", "Downloads"]}
      nameOf={({ model }) => model}
      under={({ model, place, parameters, size, languages, licence, downloads, changed }) => (
        <>
          <span class="nbt-aside">
            <Place place={place} />
            {usual?.split("@")[0] === model && <span class="nbt-models-place nbt-models-usual">default</span>}
          </span>
          <Brief parts={[languages, licence, downloads, changed]} more={[parameters, size]} />
        </>
      )}
      cells={({ task, architecture, parameters, size, languages, licence, downloads, changed }) => (
        <>
          <Pair first={task} second={architecture} />
          <Pair first={parameters} second={size} isNumber />
          <Pair first={languages} second={licence} />
          <Pair first={downloads} second={changed} isNumber />
        </>
      )}
      none={<None what="model" isAsking={table.isAsking} near={near} search={search} />}
    />
  );
}
