// One question to the kernel and its answer, kept for as long as the result is shown.
import { useEffect, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { type Section, Sections } from "../wire/sections";
import type { Notice } from "./source";
import { Waiting } from "./waiting";

/** Answers by their question. */
export type Kept = Map<string, unknown>;

interface Answered<F> {
  facts: F & { sections: Section[] };
  read: Sections;
}

export async function ask<F>(
  channel: Channel,
  method: string,
  params: object,
  signal: AbortSignal,
): Promise<Answered<F>> {
  // A busy kernel answers in the end.
  const options = { signal, timeoutMs: Number.POSITIVE_INFINITY };
  const { result, buffers } = await channel.request<F & { sections: Section[] }>(method, params, options);
  return { facts: result, read: new Sections(result.sections, buffers[0] ?? null) };
}

/** The answer, when it is there, and why it is not; params null ask nothing. */
export function useAnswer<F, T>(
  channel: Channel | null,
  kept: Kept,
  method: string,
  params: object | null,
  read: (facts: F, sections: Sections) => T,
): { answer: T | undefined; notice: Notice | null; retry(): void } {
  const key = params && `${method} ${JSON.stringify(params)}`;
  const [notice, setNotice] = useState<Notice | null>(null);
  const [times, setTimes] = useState(0);
  const answer = key === null ? undefined : (kept.get(key) as T | undefined);
  useEffect(() => {
    if (!channel || key === null || kept.has(key)) return;
    const controller = new AbortController();
    const waiting = new Waiting(() =>
      setNotice(waiting.message === null ? null : { message: waiting.message, retry: false }),
    );
    waiting.begin();
    ask<F>(channel, method, params ?? {}, controller.signal)
      .then((answered) => {
        kept.set(key, read(answered.facts, answered.read));
        setTimes((count) => count + 1);
      })
      .catch((error) => {
        if (!isAbort(error)) setNotice({ message: messageOf(error), retry: true });
      })
      .finally(() => waiting.end());
    return () => {
      controller.abort();
      setNotice(null);
    };
  }, [channel, kept, key, times]);
  return { answer, notice, retry: () => setTimes((count) => count + 1) };
}

/** What came with a row; where that is only the beginning, the kernel is asked for the whole of it. */
export function useWhole<T>(
  here: T,
  isWhole: boolean,
  channel: Channel | null,
  ask: (channel: Channel, signal: AbortSignal) => Promise<T>,
): { whole: T; problem: string } {
  const [answer, setAnswer] = useState<{ here: T; whole: T; problem: string } | null>(null);
  useEffect(() => {
    if (isWhole || !channel) return;
    const controller = new AbortController();
    ask(channel, controller.signal).then(
      (whole) => setAnswer({ here, whole, problem: "" }),
      (error) => {
        // The beginning stays in sight.
        if (!isAbort(error)) setAnswer({ here, whole: here, problem: messageOf(error) });
      },
    );
    return () => controller.abort();
  }, [here, isWhole, channel]);
  return !isWhole && answer?.here === here ? answer : { whole: here, problem: "" };
}
