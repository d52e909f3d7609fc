// What is searched for among models, how it is filtered, and how it is sorted.
import type { Order, Wish } from "../models/wish";
import type { ModelsHeader } from "../wire/models";
import { ClearFilters, LANGUAGES, LICENCES, LocalOnly, orAny, SearchField, titled } from "./listfilters";
import { Select } from "./select";
import { TypedField } from "./typedfield";

const LIBRARIES = ["transformers", "sentence-transformers", "peft", "setfit"];
const SIZES = ["35M", "150M", "350M", "1B", "3B", "8B", "100MB", "500MB", "2GB"];
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
  const { task, language, library, licence, max_size: size, local_only: isLocal } = wish;
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
        <SearchField
          what="models"
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
        <Select
          label="Sort"
          options={[...titled(header.sorts), ...ORDERS]}
          chosen={order ?? wish.sort}
          onChoose={sortBy}
        />
        <LocalOnly checked={isLocal} onCheck={(checked) => setWish({ local_only: checked })} />
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
        <ClearFilters set={[task, language, library, licence, size, isLocal]} clear={clear} />
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
