// A list that is searched anew while one types: what is filled in, the list in sight, and the question for the next.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";

/** Whoever types on within this time asks nothing. */
const PAUSE_MS = 200;
export const PATIENT = { timeoutMs: Number.POSITIVE_INFINITY };

export interface Searched<Wish, Listed> {
  listed: Listed;
  wish: Wish;
  setWish(change: Partial<Wish>): void;
  isAsking: boolean;
  /** Whether it is the list that the kernel has: another may have been searched for, here or in another view. */
  isNewest: boolean;
  /** Why what was asked for last is not there. */
  problem: string | null;
  setProblem(problem: string | null): void;
  /** Asks for the same list with the next of the Hub. */
  more(): void;
  /** The list as it stands: what came with the page may be of a while ago. */
  take(listed: Listed): void;
  /** The list in sight with something of it changed. */
  change(changed: (listed: Listed) => Listed): void;
}

export function isSame(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function useSearched<Wish extends object, Listed extends { number: number }>(
  channel: Channel,
  first: Listed,
  wishOf: (listed: Listed) => Wish,
): Searched<Wish, Listed> {
  const [listed, setListed] = useState(first);
  const [wish, setWholeWish] = useState(() => wishOf(first));
  const [isAsking, setAsking] = useState(false);
  /** The number of the list that the kernel has; null until it has told it. */
  const [newest, setNewest] = useState<number | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  /** Ends the question for a list that is no longer wanted. */
  const wanted = useRef(new AbortController());
  useEffect(() => {
    const stop = channel.listen((content) => {
      const news = content as { type?: unknown; number?: unknown } | null;
      if (news?.type === "list") setNewest(Number(news.number));
    });
    return () => {
      stop();
      wanted.current.abort();
    };
  }, [channel]);

  /** Ask for a list in the place of the one in sight; what was asked for before is dropped. */
  const ask = (method: string, params: object, { signal }: AbortController) => {
    setAsking(true);
    channel
      .request<Listed>(method, params, { ...PATIENT, signal })
      .then(({ result }) => {
        setListed(result);
        setProblem(null);
      })
      .catch((error) => {
        if (!isAbort(error)) setProblem(messageOf(error));
      })
      .finally(() => {
        if (!signal.aborted) setAsking(false);
      });
  };

  const isWished = isSame(wish, wishOf(listed));
  useEffect(() => {
    wanted.current.abort();
    setAsking(false);
    if (isWished) {
      setProblem(null);
      return;
    }
    const mine = new AbortController();
    wanted.current = mine;
    const timer = setTimeout(() => ask("search", wish, mine), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [channel, wish]);

  return {
    listed,
    wish,
    setWish: (change) => setWholeWish((now) => ({ ...now, ...change })),
    isAsking,
    isNewest: listed.number === newest,
    problem,
    setProblem,
    more: () => {
      wanted.current.abort();
      wanted.current = new AbortController();
      ask("more", { number: listed.number }, wanted.current);
    },
    take: (told) => {
      setListed(told);
      setNewest(told.number);
      setWholeWish((now) => (isSame(now, wishOf(first)) ? wishOf(told) : now));
    },
    change: setListed,
  };
}
