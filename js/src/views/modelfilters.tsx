// What is searched for among models, how it is filtered, and how it is sorted.
import { filtersOf, type Order, type Wish } from "../models/wish";
import type { ModelsHeader } from "../wire/models";
import { SearchIcon } from "./icons";
import { Select } from "./select";
import { TypedField } from "./typedfield";

const LANGUAGES = ["en", "zh", "de", "fr", "es", "pt", "ru", "ar", "ja", "ko", "hi", "multilingual"];
const LIBRARIES = ["transformers", "sentence-transformers", "peft", "setfit"];
const LICENCES = [
  "apache-2.0",
  "mit",
  "cc-by-4.0",
  "cc-by-sa-4.0",
  "cc-by-nc-4.0",
  "bsd-3-clause",
  "llama3.1",
];
const SIZES = ["35M", "150M", "350M", "1B", "3B", "8B", "100MB", "500MB", "2GB"];
const SORTS: Record<string, string> = {
  downloads: "Most downloads",
  date: "Latest change",
  likes: "Most likes",
  trending: "Trending",
};
const ORDERS: readonly (readonly [Order, string])[] = [
  ["name", "Name, of these"],
  ["size", "Size, of these"],
];

interface FiltersProps {
  header: ModelsHeader;
  wish: Wish;
  setWish(change: Partial<Wish>): void;
  order: Order | null;
  setOrder(order: Order | null): void;
  /** To the list. */
  onDown(): void;
}

export function ModelFilters({ header, wish, setWish, order, setOrder, onDown }: FiltersProps) {
  const tasks = [...new Set(["", ...header.tasks, wish.task])].map((task) => [task, task || "any"] as const);
  const sorts = header.sorts.map((sort) => [sort, SORTS[sort] ?? sort] as const);
  const filters = filtersOf(wish);
  const sortBy = (key: string) => {
    const found = ORDERS.find(([one]) => one === key)?.[0] ?? null;
    setOrder(found);
    if (found === null) setWish({ sort: key });
  };
  const clear = () =>
    setWish({ task: "", language: "", library: "", licence: "", max_size: "", local_only: false });
  return (
    <search class="nbt-models-filters" aria-label="Which models">
      <div class="nbt-tools">
        <label class="nbt-search">
          <SearchIcon />
          <input
            type="search"
            aria-label="Search models by name"
            placeholder="Search by name"
            spellcheck={false}
            autocomplete="off"
            dir="auto"
            value={wish.search}
            onInput={({ currentTarget }) => setWish({ search: currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key !== "ArrowDown") return;
              event.preventDefault();
              onDown();
            }}
          />
        </label>
        <Select label="Task" options={tasks} chosen={wish.task} onChoose={(task) => setWish({ task })} />
        <Select label="Sort" options={[...sorts, ...ORDERS]} chosen={order ?? wish.sort} onChoose={sortBy} />
        <label class="nbt-models-check">
          <input
            type="checkbox"
            checked={wish.local_only}
            onChange={({ currentTarget }) => setWish({ local_only: currentTarget.checked })}
          />
          On this machine only
        </label>
      </div>
      <div class="nbt-tools">
        <Filter label="Language" hint="any" known={LANGUAGES} name="language" wish={wish} setWish={setWish} />
        <Filter label="Library" hint="any" known={LIBRARIES} name="library" wish={wish} setWish={setWish} />
        <Filter label="Licence" hint="any" known={LICENCES} name="licence" wish={wish} setWish={setWish} />
        <Filter
          label="Size at most"
          hint="350M or 2GB"
          known={SIZES}
          name="max_size"
          wish={wish}
          setWish={setWish}
        />
        {filters > 0 && (
          <button type="button" class="nbt-button" onClick={clear}>
            {filters === 1 ? "Clear the filter" : `Clear ${filters} filters`}
          </button>
        )}
      </div>
    </search>
  );
}

interface FilterProps {
  label: string;
  hint: string;
  known: readonly string[];
  name: "language" | "library" | "licence" | "max_size";
  wish: Wish;
  setWish(change: Partial<Wish>): void;
}

function Filter({ name, wish, setWish, ...field }: FilterProps) {
  return <TypedField {...field} value={wish[name]} onType={(text) => setWish({ [name]: text })} />;
}
