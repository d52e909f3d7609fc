// Names of elements, by which others refer to them.
import { useState } from "preact/hooks";

let count = 0;

/** A name that no other element of the page has; Preact's own counts within one panel, and a page holds several. */
export function useId(what: string): string {
  const [id] = useState(() => {
    count += 1;
    return `nbt-${what}-${count}-${Math.random().toString(36).slice(2, 8)}`;
  });
  return id;
}
