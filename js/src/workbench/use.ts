// A workbench as its panel follows it: how things stand, and what the kernel is asked.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import type { Host } from "../host";
import { LOST } from "../training/lost";
import {
  type Form,
  type Mistake,
  type WorkbenchHeader,
  type WorkbenchState,
  workbenchNews,
} from "../wire/workbench";
import { draftOf, keepDraft } from "./drafts";
import { type Filled, nothingFilled } from "./filled";

const PATIENT = { timeoutMs: Number.POSITIVE_INFINITY, atOnce: true };
const TYPED_MS = 250;
const KEPT_MS = 150;
const LATE_MS = 1_500;
const NOTHING: WorkbenchState = {
  at_work: null,
  shown: null,
  child: null,
  said: "",
  error: null,
  history: [],
};

export interface Bench {
  state: WorkbenchState;
  /** Why what was asked for last was not done. */
  mistake: Mistake | null;
  /** Whether the kernel is asked to run something and has not answered yet. */
  isAsking: boolean;
  run(form: Form): void;
  stop(): void;
  show(number: number): void;
  /** Does what a stop has left of a run. */
  resume(number: number): void;
  /** Asks for something; what goes wrong is said, and gives null. */
  ask<T>(method: string, params: object): Promise<T | null>;
  forgive(): void;
}

export function useBench(channel: Channel, host: Host): Bench {
  const [state, setState] = useState(NOTHING);
  const [mistake, setMistake] = useState<Mistake | null>(null);
  const [asking, setAsking] = useState(0);
  const ended = useRef(new AbortController());
  const ask = useCallback(
    async <T>(method: string, params: object): Promise<T | null> => {
      const options = { signal: ended.current.signal, ...PATIENT };
      try {
        return (await channel.request<T>(method, params, options)).result;
      } catch (error) {
        if (!isAbort(error)) setMistake(anywhere(host.isLost ? LOST : messageOf(error)));
        return null;
      }
    },
    [channel, host],
  );
  useEffect(() => {
    ended.current = new AbortController();
    const stop = channel.listen((content) => {
      const news = workbenchNews(content);
      if (news) setState(news);
    });
    ask<WorkbenchState>("state", {}).then((found) => found && setState(found));
    return () => {
      stop();
      ended.current.abort();
    };
  }, [channel, ask]);
  // A kernel that was restarted knows nothing of the workbench any more.
  useEffect(
    () =>
      host.watch(["progress"], () => {
        if (!host.isLost) return;
        setState((now) => ({ ...now, at_work: null }));
        setAsking(0);
        setMistake(anywhere(LOST));
      }),
    [host],
  );
  // What went wrong in the background is told with how things stand.
  useEffect(() => {
    if (state.error) setMistake(state.error);
  }, [state.error?.message, state.shown, state.at_work]);
  const doing = async (method: string, params: object) => {
    setMistake(null);
    setAsking((count) => count + 1);
    const answer = await ask<{ error?: Mistake }>(method, params);
    setAsking((count) => Math.max(0, count - 1));
    if (answer?.error) setMistake(answer.error);
  };
  return {
    state,
    mistake,
    isAsking: asking > 0,
    run: (form) => void doing("run", { form }),
    show: (number) => void doing("show", { number }),
    resume: (number) => void doing("resume", { number }),
    stop: () => void ask("stop", {}),
    ask,
    forgive: () => setMistake(null),
  };
}

/** Whether the kernel has been asked to run something for so long that one wonders. */
export function useLate(isAsking: boolean): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isAsking) return;
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [isAsking]);
  return isLate;
}

/** What went wrong in no field. */
function anywhere(message: string): Mistake {
  return { message, task: "", field: "" };
}

/** The magic that says what a form says, or why there is none; the last one until the new one has come. */
export function useTyped(channel: Channel, form: Form): { typed: string; error: Mistake | null } {
  const [answer, setAnswer] = useState<{ typed: string; error: Mistake | null }>({ typed: "", error: null });
  const key = JSON.stringify(form);
  useEffect(() => {
    const ended = new AbortController();
    const timer = setTimeout(() => {
      channel
        .request<{ typed: string; error?: Mistake }>("typed", { form }, { signal: ended.signal })
        .then(({ result }) => setAnswer({ typed: result.typed, error: result.error ?? null }))
        // The kernel is busy: the one before stays in sight.
        .catch(() => {});
    }, TYPED_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [channel, key]);
  return answer;
}

export interface Draft {
  /** As it is drawn. */
  filled: Filled;
  fill(next: (now: Filled) => Filled): void;
  /** As it is by now: what was typed last may not have been drawn yet. */
  now(): Filled;
}

/**
 * What is filled in, which the kernel keeps: this page may be loaded anew. A kernel that was restarted has nothing of
 * it, and then what this page has kept of the same cell is there again.
 */
export function useDraft(channel: Channel, header: WorkbenchHeader): Draft {
  const { cell, task, is_asked: isAsked } = header;
  const [first] = useState(() => nothingFilled(task));
  const [filled, setFilled] = useState(first);
  const latest = useRef(first);
  const isTouched = useRef(false);
  const set = (next: Filled) => {
    latest.current = next;
    setFilled(next);
  };
  useEffect(() => {
    const ended = new AbortController();
    channel
      .request<{ filled?: Filled | null }>("kept", {}, { signal: ended.signal, ...PATIENT })
      .then(({ result }) => {
        const own = draftOf(cell);
        const filled = result.filled ?? (own && isAsked ? { ...own, task } : own);
        if (filled && !isTouched.current) set({ ...latest.current, ...filled });
      })
      // Whoever has not typed yet loses nothing.
      .catch(() => {});
    return () => ended.abort();
  }, [channel, cell, task, isAsked]);
  useEffect(() => {
    if (!isTouched.current) return;
    const timer = setTimeout(() => {
      keepDraft(cell, filled);
      channel.request("keep", { filled }, PATIENT).catch(() => {});
    }, KEPT_MS);
    return () => clearTimeout(timer);
  }, [channel, cell, filled]);
  return {
    filled,
    fill: (next) => {
      isTouched.current = true;
      set(next(latest.current));
    },
    now: () => latest.current,
  };
}
