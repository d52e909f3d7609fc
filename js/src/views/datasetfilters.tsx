// What is searched for among datasets, how it is filtered, and how it is sorted.
import type { DatasetWish } from "../models/datasets";
import type { DatasetsHeader } from "../wire/datasets";
import { LanguageFilter, LicenceFilter, ListFilters, titled } from "./listfilters";
import { Select } from "./select";

const BY_NAME = "name";
const NONE = { task: "", language: "", licence: "", size: "", local_only: false };

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
  const sortBy = (key: string) => {
    sortByName(key === BY_NAME);
    if (key !== BY_NAME) setWish({ sort: key });
  };
  return (
    <ListFilters
      what="datasets"
      tasks={header.tasks}
      sorts={[...titled(header.sorts), [BY_NAME, "Name, of these"]]}
      sort={isByName ? BY_NAME : wish.sort}
      onSort={sortBy}
      wish={wish}
      setWish={setWish}
      none={NONE}
      onDown={onDown}
    >
      <Select
        label="Rows"
        options={[["", "any"], ...header.sizes]}
        chosen={wish.size}
        onChoose={(size) => setWish({ size })}
      />
      <LanguageFilter value={wish.language} onType={(language) => setWish({ language })} />
      <LicenceFilter value={wish.licence} onType={(licence) => setWish({ licence })} />
    </ListFilters>
  );
}
