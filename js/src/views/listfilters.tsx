// What is searched for on the Hub and on this machine: the fields that models and datasets have in common.
import { SearchIcon } from "./icons";

export const LANGUAGES = ["en", "zh", "de", "fr", "es", "pt", "ru", "ar", "ja", "ko", "hi", "multilingual"];
export const LICENCES = [
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
export function orAny(words: readonly string[], chosen: string): (readonly [string, string])[] {
  return [...new Set(["", ...words, chosen])].map((word) => [word, word || "any"] as const);
}

interface SearchFieldProps {
  /** What is searched, such as `models`. */
  what: string;
  value: string;
  onType(text: string): void;
  /** To the list. */
  onDown(): void;
}

export function SearchField({ what, value, onType, onDown }: SearchFieldProps) {
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

export function LocalOnly({ checked, onCheck }: { checked: boolean; onCheck(checked: boolean): void }) {
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
export function ClearFilters({ set, clear }: { set: readonly unknown[]; clear(): void }) {
  const filters = set.filter(Boolean).length;
  if (filters === 0) return null;
  return (
    <button type="button" class="nbt-button" onClick={clear}>
      {filters === 1 ? "Clear the filter" : `Clear ${filters} filters`}
    </button>
  );
}
