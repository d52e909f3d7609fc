// What is searched for among datasets, how it is filtered, and how it is sorted.
import type { DatasetWish } from "../models/datasets";
import type { DatasetsHeader } from "../wire/datasets";
import { ClearFilters, LANGUAGES, LICENCES, LocalOnly, orAny, SearchField, titled } from "./listfilters";
import { Select } from "./select";
import { TypedField } from "./typedfield";

const BY_NAME = "name";

interface FiltersProps {
  header: DatasetsHeader;
  wish: DatasetWish;
  setWish(change: Partial<DatasetWish>): void;
  /** Whether what is in sight is sorted by name; else it is as the Hub has it. */
  isByName: boolean;
  sortByName(isByName: boolean): void;
  /** To the list. */
  onDown(): void;
}

export function DatasetFilters({ header, wish, setWish, isByName, sortByName, onDown }: FiltersProps) {
  const { task, language, licence, size, local_only: isLocal } = wish;
  const sorts = [...titled(header.sorts), [BY_NAME, "Name, of these"] as const];
  const sizes = [["", "any"] as const, ...header.sizes];
  const sortBy = (key: string) => {
    sortByName(key === BY_NAME);
    if (key !== BY_NAME) setWish({ sort: key });
  };
  return (
    <search class="nbt-models-filters" aria-label="Which datasets">
      <div class="nbt-tools">
        <SearchField
          what="datasets"
          value={wish.search}
          onType={(search) => setWish({ search })}
          onDown={onDown}
        />
        <Select
          label="Task"
          options={orAny(header.tasks, task)}
          chosen={task}
          onChoose={(chosen) => setWish({ task: chosen })}
        />
        <Select label="Sort" options={sorts} chosen={isByName ? BY_NAME : wish.sort} onChoose={sortBy} />
        <LocalOnly checked={isLocal} onCheck={(checked) => setWish({ local_only: checked })} />
      </div>
      <div class="nbt-tools">
        <Select label="Rows" options={sizes} chosen={size} onChoose={(chosen) => setWish({ size: chosen })} />
        <TypedField
          label="Language"
          hint="any"
          known={LANGUAGES}
          value={language}
          onType={(text) => setWish({ language: text })}
        />
        <TypedField
          label="Licence"
          hint="any"
          known={LICENCES}
          value={licence}
          onType={(text) => setWish({ licence: text })}
        />
        <ClearFilters
          set={[task, language, licence, size, isLocal]}
          clear={() => setWish({ task: "", language: "", licence: "", size: "", local_only: false })}
        />
      </div>
    </search>
  );
}
