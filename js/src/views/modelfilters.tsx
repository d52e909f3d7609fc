// What is searched for among models, how it is filtered, and how it is sorted.
import type { Order, Wish } from "../models/wish";
import type { ModelsHeader } from "../wire/models";
import { LanguageFilter, LicenceFilter, ListFilters, titled } from "./listfilters";
import { TypedField } from "./typedfield";

const LIBRARIES = ["transformers", "sentence-transformers", "peft", "setfit"];
const SIZES = ["35M", "150M", "350M", "1B", "3B", "8B", "100MB", "500MB", "2GB"];
const ORDERS: readonly (readonly [Order, string])[] = [
  ["name", "Name, of these"],
  ["size", "Size, of these"],
];
const NONE = { task: "", language: "", library: "", licence: "", max_size: "", local_only: false };

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
  const sortBy = (key: string) => {
    const found = ORDERS.find(([one]) => one === key)?.[0] ?? null;
    setOrder(found);
    if (found === null) setWish({ sort: key });
  };
  return (
    <ListFilters
      what="models"
      tasks={header.tasks}
      sorts={[...titled(header.sorts), ...ORDERS]}
      sort={order ?? wish.sort}
      onSort={sortBy}
      wish={wish}
      setWish={setWish}
      none={NONE}
      onDown={onDown}
    >
      <LanguageFilter value={wish.language} onType={(language) => setWish({ language })} />
      <TypedField
        label="Library"
        hint="any"
        known={LIBRARIES}
        value={wish.library}
        onType={(library) => setWish({ library })}
      />
      <LicenceFilter value={wish.licence} onType={(licence) => setWish({ licence })} />
      <TypedField
        label="Size at most"
        hint="350M or 2GB"
        known={SIZES}
        value={wish.max_size}
        onType={(size) => setWish({ max_size: size })}
      />
    </ListFilters>
  );
}
