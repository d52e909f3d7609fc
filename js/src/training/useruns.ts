// Training runs as a panel follows them, and the curves of those that are looked at.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { ask } from "../rows/answers";
import { type RunRow, type RunsHeader, runsHeader, runsNews, withNews } from "../wire/runs";
import { type CurveFacts, grown, NO_CURVE, type RunCurve } from "./runcurve";

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

/** The curves that are looked at; of one that has grown what is new is asked for, and it stays until that has come. */
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
      const known = kept.current.get(key);
      if (known?.state === state || asked.current.has(key)) continue;
      asked.current.add(key);
      const curve = known?.curve ?? NO_CURVE;
      const { signal } = ended.current ?? new AbortController();
      ask<CurveFacts>(channel, "curve", { name, metric, ...curve.had }, signal)
        .then(({ facts, read }) => {
          kept.current.set(key, { state, curve: grown(curve, facts, read) });
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
