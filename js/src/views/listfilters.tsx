// What is searched for on the Hub and on this machine, how it is filtered, and how it is sorted: the fields that models
// and datasets have in common, and those that are typed.
import type { ComponentChildren } from "preact";
import { SearchIcon } from "./icons";
import { Select } from "./select";
import { TypedField } from "./typedfield";

const LANGUAGES = ["en", "zh", "de", "fr", "es", "pt", "ru", "ar", "ja", "ko", "hi", "multilingual"];
const LICENCES = [
  "apache-2.0",
  "mit",
  "cc-by-4.0",
  "cc-by-sa-4.0",
  "cc-by-nc-4.0",
  "bsd-3-clause",
  "llama3.1",
];
const SORTS: Record<string, string> = {
  downloads: "Most downloads",
  date: "Latest change",
  likes: "Most likes",
  trending: "Trending",
};

/** The ways in which the Hub sorts, with their titles. */
export function titled(sorts: readonly string[]): (readonly [string, string])[] {
  return sorts.map((sort) => [sort, SORTS[sort] ?? sort] as const);
}

/** Words to choose from, first among them that anything will do. */
function orAny(words: readonly string[], chosen: string): (readonly [string, string])[] {
  return [...new Set(["", ...words, chosen])].map((word) => [word, word || "any"] as const);
}

/** What is filled in above either list; empty is anything. */
export interface CommonWish {
  search: string;
  task: string;
  language: string;
  licence: string;
  local_only: boolean;
}

interface ListFiltersProps<Wish> {
  /** What is searched, such as `models`. */
  what: string;
  tasks: readonly string[];
  sorts: readonly (readonly [string, string])[];
  sort: string;
  onSort(key: string): void;
  wish: Wish;
  setWish(change: Partial<Wish>): void;
  /** Nothing filled in, besides the words of the name and the order. */
  none: Partial<Wish>;
  /** To the list. */
  onDown(): void;
  /** The fields that only these have. */
  children: ComponentChildren;
}

export function ListFilters<Wish extends CommonWish>(props: ListFiltersProps<Wish>) {
  const { what, tasks, sorts, sort, onSort, wish, none, onDown, children } = props;
  const setWish = (change: Partial<CommonWish>) => props.setWish(change as Partial<Wish>);
  return (
    <search class="nbt-models-filters" aria-label={`Which ${what}`}>
      <div class="nbt-tools">
        <SearchField
          what={what}
          value={wish.search}
          onType={(search) => setWish({ search })}
          onDown={onDown}
        />
        <Select
          label="Task"
          options={orAny(tasks, wish.task)}
          chosen={wish.task}
          onChoose={(task) => setWish({ task })}
        />
        <Select label="Sort" options={sorts} chosen={sort} onChoose={onSort} />
        <LocalOnly checked={wish.local_only} onCheck={(checked) => setWish({ local_only: checked })} />
      </div>
      <div class="nbt-tools">
        {children}
        <ClearFilters
          set={Object.keys(none).map((name) => wish[name as keyof Wish])}
          clear={() => props.setWish(none)}
        />
      </div>
    </search>
  );
}

interface FilterProps {
  value: string;
  onType(text: string): void;
}

export function LanguageFilter(props: FilterProps) {
  return <TypedField label="Language" hint="any" known={LANGUAGES} {...props} />;
}

export function LicenceFilter(props: FilterProps) {
  return <TypedField label="Licence" hint="any" known={LICENCES} {...props} />;
}

interface SearchFieldProps {
  /** What is searched, such as `models`. */
  what: string;
  value: string;
  onType(text: string): void;
  /** To the list. */
  onDown(): void;
}

function SearchField({ what, value, onType, onDown }: SearchFieldProps) {
  return (
    <label class="nbt-search">
      <SearchIcon />
      <input
        type="search"
        aria-label={`Search ${what} by name`}
        placeholder="Search by name"
        spellcheck={false}
        autocomplete="off"
        dir="auto"
        value={value}
        onInput={({ currentTarget }) => onType(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          onDown();
        }}
      />
    </label>
  );
}

function LocalOnly({ checked, onCheck }: { checked: boolean; onCheck(checked: boolean): void }) {
  return (
    <label class="nbt-models-check">
      <input
        type="checkbox"
        checked={checked}
        onChange={({ currentTarget }) => onCheck(currentTarget.checked)}
      />
      On this machine only
    </label>
  );
}

/** Takes away what is filled in besides the words of the name and the order. */
function ClearFilters({ set, clear }: { set: readonly unknown[]; clear(): void }) {
  const filters = set.filter(Boolean).length;
  if (filters === 0) return null;
  return (
    <button type="button" class="nbt-button" onClick={clear}>
      {filters === 1 ? "Clear the filter" : `Clear ${filters} filters`}
    </button>
  );
}
