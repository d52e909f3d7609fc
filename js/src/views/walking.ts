// A row of places that is walked along by keys.
import { clamp } from "./viewport";

/** Handles the keys that lead from one of so many places to another; Escape leads to none. */
export function walking(at: number | null, count: number, go: (place: number | null) => void) {
  return (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -count, End: count }[event.key];
    if (count === 0 || (step === undefined && !(event.key === "Escape" && at !== null))) return;
    event.preventDefault();
    event.stopPropagation();
    go(step === undefined ? null : clamp((at ?? (step > 0 ? -1 : count)) + step, 0, count - 1));
  };
}
