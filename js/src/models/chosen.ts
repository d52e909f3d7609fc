// Which of a list is looked at: by its name here, which stays when the list changes, and by its number in the kernel.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Searched } from "./searched";

type List = Pick<Searched<unknown, { number: number }>, "listed" | "isNewest">;

/**
 * The name of the one that is looked at, and the way to look at another. Numbers are those of the list that the kernel
 * has: a view with another list neither takes them nor tells any.
 */
export function useChosen(
  { listed, isNewest }: List,
  names: readonly string[],
  selection: readonly number[],
  select: (rows: number[]) => void,
): [chosen: string | null, choose: (name: string | null) => void] {
  const [chosen, setChosen] = useState<string | null>(null);
  /** The list by which it was found. */
  const foundIn = useRef(listed.number);
  const tell = (name: string | null) => {
    const at = name === null ? -1 : names.indexOf(name);
    const rows = at < 0 ? [] : [at];
    if (rows.length !== selection.length || rows[0] !== selection[0]) select(rows);
  };
  useEffect(() => {
    if (!isNewest) return;
    const isAnother = foundIn.current !== listed.number;
    foundIn.current = listed.number;
    if (isAnother && chosen !== null) tell(chosen);
    else {
      const name = names[selection[0] ?? -1];
      if (name !== undefined) setChosen(name);
      else if (chosen !== null && names.includes(chosen)) setChosen(null);
    }
  }, [selection, listed.number, isNewest]);
  const choose = (name: string | null) => {
    setChosen(name);
    if (isNewest) tell(name);
  };
  return [chosen, choose];
}
