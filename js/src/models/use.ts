// Models as their panel follows them: searched while one types, and fetched.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { type Downloads, type Listed, type ModelsHeader, type ModelsState, modelsNews } from "../wire/models";
import { PATIENT, type Searched, useSearched } from "./searched";
import { type Wish, wishOf } from "./wish";

export interface ModelsInUse extends Searched<Wish, Listed> {
  downloads: Downloads;
  /** The model that is the default of the session. */
  usual: string | null;
  use(name: string, revision: string | null): void;
  /** Pickled weights, too, where `allowPickle` says so. */
  download(name: string, revision: string | null, allowPickle: boolean): void;
  stop(name: string): void;
}

export function useModels(header: ModelsHeader, channel: Channel): ModelsInUse {
  const searched = useSearched(channel, header.listed, ({ asked }) => wishOf(asked));
  const { take, change, setProblem } = searched;
  const [downloads, setDownloads] = useState<Downloads>({});
  const [usual, setUsual] = useState<string | null>(null);
  const ended = useRef(new AbortController());

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
      if (told) change((now) => (now.number === told.number ? told : now));
    });
    channel
      .request<ModelsState>("state", {}, { ...PATIENT, signal })
      .then(({ result }) => {
        take(result.listed);
        setDownloads(result.downloads);
        setUsual(result.default);
      })
      .catch(fails);
    return () => {
      stop();
      ended.current.abort();
    };
  }, [channel]);

  const tell = (method: string, name: string, revision: string | null, more: object = {}) => {
    setProblem(null);
    const options = { ...PATIENT, signal: ended.current.signal, atOnce: true };
    return channel.request<{ default?: string }>(method, { name, revision, ...more }, options);
  };
  return {
    ...searched,
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
