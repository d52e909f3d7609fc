// Search, what the filter is, how many rows are left and how many are selected.
import { useEffect, useRef, useState } from "preact/hooks";
import { formatCount, plural } from "../text";
import { Chip } from "./chip";
import { ExportButton } from "./export";
import { CloseIcon, SearchIcon } from "./icons";
import { SelectedCount } from "./selectedcount";
import type { Selected } from "./selecting";

interface ToolbarProps {
  found: number;
  rows: number;
  /** The name and colour of the label filter, when there is one. */
  filter: { name: string; colour: string } | null;
  onSearch(search: string): void;
  onClear(): void;
  /** With so few rows there is nothing to search for. */
  searchable?: boolean;
  /** What the rows in sight still wait for, in a word. */
  busy?: string | null;
  /** None where rows cannot be selected. */
  selected?: Selected;
  /** None where there is nothing to export. */
  exporting?: Exporting;
}

interface Exporting {
  open: boolean;
  /** The whole result is not there yet. */
  disabled: boolean;
  onToggle(open: boolean): void;
}

/** Typing is answered when it pauses. */
const PAUSE_MS = 150;
/** What is answered sooner deserves no word. */
const PATIENCE_MS = 300;

export function Toolbar(props: ToolbarProps) {
  const {
    found,
    rows,
    filter,
    onSearch,
    onClear,
    searchable = true,
    busy = null,
    selected,
    exporting,
  } = props;
  const word = useLate(busy, PATIENCE_MS);
  return (
    <div class="nbt-toolbar">
      {searchable && <Search onSearch={onSearch} />}
      {filter && (
        <button
          type="button"
          class="nbt-filter"
          onClick={onClear}
          aria-label={`Remove filter: ${filter.name}`}
        >
          <Chip {...filter} />
          <CloseIcon />
        </button>
      )}
      {selected && <SelectedRows {...selected} found={found} rows={rows} />}
      <output class="nbt-counter" aria-live="polite">
        {word ?? (found === rows ? plural(rows, "row") : `${formatCount(found)} of ${plural(rows, "row")}`)}
      </output>
      {exporting && (
        <ExportButton {...exporting} title={exporting.disabled ? "When the cell ends" : undefined} />
      )}
    </div>
  );
}

function Search({ onSearch }: { onSearch(search: string): void }) {
  const [typed, setTyped] = useState("");
  usePaused(typed, onSearch);
  return (
    <label class="nbt-search">
      <SearchIcon />
      <input
        type="search"
        placeholder="Search texts"
        aria-label="Search texts and row labels"
        value={typed}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => keepKeys(event, () => setTyped(""))}
      />
    </label>
  );
}

/** How many rows are selected, and the way to select none or all. */
function SelectedRows(props: Selected & { found: number; rows: number }) {
  const { selection, waiting, clear, all, found, rows } = props;
  if (selection.size === 0) return null;
  return (
    <SelectedCount said={`${formatCount(selection.size)} selected`} clear={clear}>
      {selection.size < found && (
        <button type="button" class="nbt-button" disabled={waiting} onClick={all}>
          {waiting ? "Selecting…" : `Select all ${formatCount(found)}${found < rows ? " found" : ""}`}
        </button>
      )}
    </SelectedCount>
  );
}

/** A notebook has single-letter commands: what is typed here must not reach it. Escape empties the box. */
function keepKeys(event: KeyboardEvent, clear: () => void): void {
  event.stopPropagation();
  if (event.key === "Escape") clear();
}

function usePaused(value: string, tell: (value: string) => void): void {
  const latest = useRef(tell);
  latest.current = tell;
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const timer = setTimeout(() => latest.current(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
}

/** A word once it has stood for a while; none at once. */
function useLate(word: string | null, patience: number): string | null {
  const [late, setLate] = useState<string | null>(null);
  useEffect(() => {
    if (word === null) {
      setLate(null);
      return;
    }
    const timer = setTimeout(() => setLate(word), patience);
    return () => clearTimeout(timer);
  }, [word, patience]);
  return word === null ? null : late;
}
