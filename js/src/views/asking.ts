// What a view of attention asks the kernel for: asked when one rests there, kept, and let go of when one looks on.
import { useEffect, useState } from "preact/hooks";
import { isAbort, messageOf } from "../channel";
import type { Kept } from "../rows/answers";
import { keepNewest } from "../rows/remote";
import type { Notice } from "../rows/source";
import { Waiting } from "../rows/waiting";

/** Whoever moves on within this time asks nothing: the kernel answers all that it is asked. */
const PAUSE_MS = 80;
/** Answers that are kept: of a long text each is up to some hundred kilobytes. */
const ANSWERS = 60;

export interface Asked<T> {
  answer: T | undefined;
  /** Why there is no answer, or none yet. */
  notice: Notice | null;
  retry(): void;
}

/** The answer to a question by its name; a name of null asks nothing. */
export function useAsked<T>(
  kept: Kept,
  name: string | null,
  load: (signal: AbortSignal) => Promise<T>,
): Asked<T> {
  const answers = answersIn(kept);
  const [notice, setNotice] = useState<(Notice & { name: string }) | null>(null);
  const [times, setTimes] = useState(0);
  useEffect(() => {
    if (name === null || answers.has(name)) return;
    const controller = new AbortController();
    const { signal } = controller;
    const tell = (message: string | null, retry: boolean) =>
      signal.aborted || setNotice(message === null ? null : { name, message, retry });
    const waiting = new Waiting(() => tell(waiting.message, false));
    const timer = setTimeout(() => {
      waiting.begin();
      load(signal)
        .then((answer) => {
          keepNewest(answers, name, answer, ANSWERS);
          if (!signal.aborted) setTimes((count) => count + 1);
          tell(null, false);
        })
        .catch((error) => {
          if (!isAbort(error)) tell(messageOf(error), true);
        })
        .finally(() => waiting.end());
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
      waiting.end();
    };
  }, [answers, name, times]);
  return {
    answer: name === null ? undefined : (answers.get(name) as T | undefined),
    notice: notice?.name === name ? notice : null,
    retry: () => {
      setNotice(null);
      setTimes((count) => count + 1);
    },
  };
}

/** The answers of these views have a place of their own, where the oldest make way. */
function answersIn(kept: Kept): Map<string, unknown> {
  const known = kept.get("asked");
  if (known instanceof Map) return known;
  const answers = new Map<string, unknown>();
  kept.set("asked", answers);
  return answers;
}
