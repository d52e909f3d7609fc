// A run as a panel follows it: drawn when something came, at most ten times a second, and asked for anew after a gap.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Channel, isAbort } from "../channel";
import { ask } from "../rows/answers";
import { Sections } from "../wire/sections";
import { runNews, type TrainingHeader, trainingHeader } from "../wire/training";
import { isLive, Run } from "./run";

/** Between two drawings. */
const FRAME_MS = 100;
/** A run that lives is asked for when nothing was heard of it for so long, */
const QUIET_MS = 15_000;
/** and is not followed any more when that is not answered either. */
const LOST_MS = 10_000;

export interface Followed {
  run: Run;
  /** Nothing has been heard of a run that lived: since when. */
  silentSince: Date | null;
}

export function useRun(raw: Record<string, unknown>, payload: DataView | null, channel: Channel): Followed {
  const first = useMemo(() => {
    const header = trainingHeader(raw);
    return new Run(header, new Sections(header.sections, payload));
  }, [raw, payload]);
  const current = useRef(first);
  const [, draw] = useState(0);
  const [silentSince, setSilent] = useState<Date | null>(null);
  const known = useRef(first);
  if (known.current !== first) known.current = current.current = first;
  useEffect(() => {
    const follower = new Follower(channel, current, () => draw((count) => count + 1), setSilent);
    return () => follower.end();
  }, [channel, first]);
  return { run: current.current, silentSince };
}

class Follower {
  readonly #channel: Channel;
  readonly #current: { current: Run };
  readonly #drawn: () => void;
  readonly #tellSilent: (since: Date | null) => void;
  readonly #stop: () => void;
  readonly #ended = new AbortController();
  #isAsking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #last = 0;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #heard = new Date();

  constructor(
    channel: Channel,
    current: { current: Run },
    drawn: () => void,
    tellSilent: (since: Date | null) => void,
  ) {
    this.#channel = channel;
    this.#current = current;
    this.#drawn = drawn;
    this.#tellSilent = tellSilent;
    this.#stop = channel.listen((content, buffers) => {
      const news = runNews(content, buffers);
      if (news === undefined) return;
      this.#hear();
      if (this.#current.current.take(news)) this.#draw();
      else this.#askAnew();
    });
    // What came with the page may be of a while ago, and messages that nobody heard are not sent again.
    this.#askAnew();
  }

  end(): void {
    this.#stop();
    this.#ended.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#quiet);
    cancelAnimationFrame(this.#frame);
  }

  #askAnew(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#watch();
    ask<TrainingHeader>(this.#channel, "run", {}, this.#ended.signal)
      .then(({ facts, read }) => {
        const run = this.#current.current;
        // What came point by point is not given up for what is thinned.
        if (run.isAt(facts)) run.facts = facts;
        else this.#current.current = new Run(facts, read);
        this.#hear();
        this.#draw();
      })
      .catch((error) => {
        // What came before stays in sight.
        if (!isAbort(error)) this.#hear();
      })
      .finally(() => {
        this.#isAsking = false;
      });
  }

  #hear(): void {
    this.#heard = new Date();
    this.#tellSilent(null);
    this.#watch();
  }

  /** Ask when it is quiet for long; where even that is not answered, say so. */
  #watch(): void {
    clearTimeout(this.#quiet);
    if (this.#ended.signal.aborted) return;
    const since = this.#heard;
    this.#quiet = setTimeout(
      () => {
        if (!isLive(this.#current.current.facts)) return;
        if (this.#isAsking) this.#tellSilent(since);
        else this.#askAnew();
      },
      this.#isAsking ? LOST_MS : QUIET_MS,
    );
  }

  #draw(): void {
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#last + FRAME_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#frame = requestAnimationFrame(() => {
        this.#timer = undefined;
        this.#last = performance.now();
        this.#drawn();
      });
    }, wait);
  }
}
