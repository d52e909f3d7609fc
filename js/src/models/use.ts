// Models as their panel follows them: searched while one types, and fetched.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { type Downloads, type Listed, type ModelsHeader, type ModelsState, modelsNews } from "../wire/models";
import { isSame, type Wish, wishOf } from "./wish";

/** Whoever types on within this time asks nothing. */
const PAUSE_MS = 200;
const PATIENT = { timeoutMs: Number.POSITIVE_INFINITY };

export interface ModelsInUse {
  listed: Listed;
  wish: Wish;
  setWish(change: Partial<Wish>): void;
  isAsking: boolean;
  /** Why what was asked for last is not there. */
  problem: string | null;
  more(): void;
  downloads: Downloads;
  /** The model that is the default of the session. */
  usual: string | null;
  use(name: string, revision: string | null): void;
  /** Pickled weights, too, where `allowPickle` says so. */
  download(name: string, revision: string | null, allowPickle: boolean): void;
  stop(name: string): void;
}

export function useModels(header: ModelsHeader, channel: Channel): ModelsInUse {
  const first = wishOf(header.listed.asked);
  const [listed, setListed] = useState(header.listed);
  const [wish, setWholeWish] = useState(first);
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [downloads, setDownloads] = useState<Downloads>({});
  const [usual, setUsual] = useState<string | null>(null);
  const ended = useRef(new AbortController());
  /** Ends the question for a list that is no longer wanted. */
  const wanted = useRef(new AbortController());

  const fails = (error: unknown) => {
    if (!isAbort(error)) setProblem(messageOf(error));
  };

  useEffect(() => {
    ended.current = new AbortController();
    const { signal } = ended.current;
    const stop = channel.listen((content) => {
      const news = modelsNews(content);
      if (!news) return;
      setDownloads(news.downloads);
      const { listed: told } = news;
      if (told) setListed((now) => (now.number === told.number ? told : now));
    });
    // What came with the page may be of a while ago.
    channel
      .request<ModelsState>("state", {}, { ...PATIENT, signal })
      .then(({ result }) => {
        setListed(result.listed);
        setWholeWish((now) => (isSame(now, first) ? wishOf(result.listed.asked) : now));
        setDownloads(result.downloads);
        setUsual(result.default);
      })
      .catch(fails);
    return () => {
      stop();
      ended.current.abort();
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
      .catch(fails)
      .finally(() => {
        if (!signal.aborted) setAsking(false);
      });
  };

  const isWished = isSame(wish, wishOf(listed.asked));
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

  const tell = (method: string, name: string, revision: string | null, more: object = {}) => {
    setProblem(null);
    const options = { ...PATIENT, signal: ended.current.signal, atOnce: true };
    return channel.request<{ default?: string }>(method, { name, revision, ...more }, options);
  };
  return {
    listed,
    wish,
    setWish: (change) => setWholeWish((now) => ({ ...now, ...change })),
    isAsking,
    problem,
    more: () => {
      wanted.current.abort();
      wanted.current = new AbortController();
      ask("more", { number: listed.number }, wanted.current);
    },
    downloads,
    usual,
    use: (name, revision) => {
      tell("use", name, revision)
        .then(({ result }) => setUsual(result.default ?? null))
        .catch(fails);
    },
    download: (name, revision, allowPickle) =>
      void tell("download", name, revision, { allow_pickle: allowPickle }).catch(fails),
    stop: (name) => void tell("stop", name, null).catch(fails),
  };
}
