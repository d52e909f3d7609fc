// Training runs as a panel follows them, and the curves of those that are looked at.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { ask } from "../rows/answers";
import { type RunRow, type RunsHeader, runsHeader, runsNews, withNews } from "../wire/runs";
import { Points } from "./points";

export function useRuns(raw: Record<string, unknown>, channel: Channel): RunsHeader {
  const first = useMemo(() => runsHeader(raw), [raw]);
  const current = useRef(first);
  const known = useRef(first);
  if (known.current !== first) known.current = current.current = first;
  const [, draw] = useState(0);
  useEffect(() => {
    const ended = new AbortController();
    const take = (header: RunsHeader) => {
      current.current = header;
      draw((count) => count + 1);
    };
    let isAsking = false;
    const askAnew = () => {
      if (isAsking) return;
      isAsking = true;
      const options = { signal: ended.signal, timeoutMs: Number.POSITIVE_INFINITY };
      channel
        .request<Record<string, unknown>>("runs", {}, options)
        .then(({ result }) => take(runsHeader(result)))
        // What came before stays in sight.
        .catch(() => {})
        .finally(() => {
          isAsking = false;
        });
    };
    const stop = channel.listen((content) => {
      const news = runsNews(content);
      if (!news) return;
      const header = withNews(current.current, news);
      if (header) take(header);
      else askAnew();
    });
    // What came with the page may be of a while ago.
    askAnew();
    return () => {
      stop();
      ended.abort();
    };
  }, [channel, first]);
  return current.current;
}

/** A metric of a run: that of its steps, and that of its evaluations. */
export interface RunCurve {
  steps: Points;
  evals: Points;
}

/** The curves that are looked at; one that has grown is asked for again, and stays until the new one has come. */
export function useRunCurves(
  channel: Channel,
  runs: readonly (readonly [name: string, row: RunRow])[],
  metric: string,
): { curves: ReadonlyMap<string, RunCurve>; problem: string | null } {
  const kept = useRef(new Map<string, { state: string; curve: RunCurve }>());
  const asked = useRef(new Set<string>());
  const ended = useRef<AbortController | null>(null);
  const [, draw] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    ended.current = new AbortController();
    return () => ended.current?.abort();
  }, [channel]);
  const wanted = runs.map(([name, row]) => {
    const key = JSON.stringify([name, metric]);
    return { name, key, state: [row.step, row.evals, row.rewritten].join(" ") };
  });
  useEffect(() => {
    for (const { name, key, state } of wanted) {
      if (kept.current.get(key)?.state === state || asked.current.has(key)) continue;
      asked.current.add(key);
      ask(channel, "curve", { name, metric }, ended.current?.signal ?? new AbortController().signal)
        .then(({ read }) => {
          const points = (steps: string, values: string) =>
            read.has(steps) ? new Points(read.uint32(steps), read.float32(values)) : new Points();
          const curve = { steps: points("step", "value"), evals: points("eval_step", "eval_value") };
          kept.current.set(key, { state, curve });
          setProblem(null);
        })
        .catch((error) => {
          if (!isAbort(error)) setProblem(messageOf(error));
        })
        .finally(() => {
          asked.current.delete(key);
          draw((count) => count + 1);
        });
    }
  }, [channel, JSON.stringify(wanted)]);
  const curves = new Map<string, RunCurve>();
  for (const { name, key } of wanted) {
    const known = kept.current.get(key);
    if (known) curves.set(name, known.curve);
  }
  return { curves, problem };
}
