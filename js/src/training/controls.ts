// What the worker is told, and what of that it has not followed yet.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import type { Command, RunFacts } from "../wire/training";

/** Something that was asked for and has not been done. */
export interface Queued {
  number: number;
  name: string;
  /** By which the worker says that it followed; null until the kernel has passed it on. */
  id: string | null;
  /** It stood among what is queued. */
  wasQueued: boolean;
  /** When it was asked for, and then passed on. */
  since: number;
}

export interface Controls {
  queued: readonly Queued[];
  /** What other pages and terminals asked for, and this one before it was loaded again. */
  others: readonly Command[];
  problem: string | null;
  tell(command: Command, name: string, params?: object): void;
}

/** What is told between two looks at the run is not among what is queued yet. */
const SOON_MS = 2_500;

export function useControls(channel: Channel, facts: Pick<RunFacts, "queued">): Controls {
  const [queued, setQueued] = useState<readonly Queued[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const count = useRef(0);
  const ended = useRef<AbortController | null>(null);
  useEffect(() => {
    ended.current = new AbortController();
    return () => ended.current?.abort();
  }, [channel]);
  const ids = facts.queued.map(({ id }) => id);
  const passedOn = queued.some(({ id }) => id !== null);
  useEffect(() => {
    const sift = () => setQueued((now) => stillQueued(now, ids, performance.now()));
    sift();
    if (!passedOn) return;
    const timer = setInterval(sift, 500);
    return () => clearInterval(timer);
  }, [facts.queued, passedOn]);
  const tell = (command: Command, name: string, params: object = {}) => {
    count.current += 1;
    const number = count.current;
    setProblem(null);
    const since = performance.now();
    setQueued((now) => [...now, { number, name, id: null, wasQueued: false, since }]);
    const signal = ended.current?.signal;
    const options = { atOnce: true, timeoutMs: Number.POSITIVE_INFINITY, ...(signal ? { signal } : {}) };
    channel.request<{ id?: string }>("control", { command, ...params }, options).then(
      // What has no id is done already.
      ({ result: { id } }) =>
        setQueued((now) =>
          now.flatMap((one) =>
            one.number !== number ? [one] : id ? [{ ...one, id, since: performance.now() }] : [],
          ),
        ),
      (error) => {
        setQueued((now) => now.filter((one) => one.number !== number));
        if (!isAbort(error)) setProblem(messageOf(error));
      },
    );
  };
  const own = new Set(queued.map(({ id }) => id));
  const others = facts.queued.filter(({ id }) => !own.has(id)).map(({ command }) => command);
  return { queued, others, problem, tell };
}

/** What the worker has not followed, by the ids that the run says are queued. */
export function stillQueued(
  queued: readonly Queued[],
  ids: readonly string[],
  now: number,
): readonly Queued[] {
  let changed = false;
  const still = queued.flatMap((one) => {
    if (one.id === null) return [one];
    if (ids.includes(one.id)) {
      changed ||= !one.wasQueued;
      return [one.wasQueued ? one : { ...one, wasQueued: true }];
    }
    if (!one.wasQueued && now - one.since < SOON_MS) return [one];
    changed = true;
    return [];
  });
  return changed ? still : queued;
}
