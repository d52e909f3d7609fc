// Search, what the filter is, and how many rows are left.
import { useEffect, useRef, useState } from "preact/hooks";
import { formatCount, plural } from "../text";
import { Chip } from "./chip";
import { CloseIcon, SearchIcon } from "./icons";

interface ToolbarProps {
  found: number;
  rows: number;
  /** The name and colour of the label filter, when there is one. */
  filter: { name: string; colour: string } | null;
  onSearch(search: string): void;
  onClear(): void;
}

/** Typing is answered when it pauses. */
const PAUSE_MS = 150;

export function Toolbar({ found, rows, filter, onSearch, onClear }: ToolbarProps) {
  const [typed, setTyped] = useState("");
  usePaused(typed, onSearch);
  return (
    <div class="nbt-toolbar">
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
      <output class="nbt-counter" aria-live="polite">
        {found === rows ? plural(rows, "row") : `${formatCount(found)} of ${plural(rows, "row")}`}
      </output>
    </div>
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
