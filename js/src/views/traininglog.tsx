// What the worker printed: the end of it, and what comes while one looks.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { formatBytes } from "./figures";
import { Toggle } from "./toggle";

interface TrainingLogProps {
  channel: Channel;
  /** The worker may print more. */
  isLive: boolean;
}

interface LogAnswer {
  text: string;
  offset: number;
  size: number;
}

const EVERY_MS = 1_000;
/** More of a log would be slow to draw; the file has all of it. */
const MOST_CHARACTERS = 200_000;
/** Whoever is so near the end follows it. */
const NEAR_PX = 24;

export function TrainingLog({ channel, isLive }: TrainingLogProps) {
  const { text, size, problem } = useLog(channel, isLive);
  const box = useRef<HTMLPreElement>(null);
  const [isFollowing, follow] = useState(true);
  useLayoutEffect(() => {
    if (box.current && isFollowing) box.current.scrollTop = box.current.scrollHeight;
  }, [text, isFollowing]);
  const onScroll = () => {
    const element = box.current;
    if (element) follow(element.scrollTop + element.clientHeight >= element.scrollHeight - NEAR_PX);
  };
  return (
    <section class="nbt-log" aria-label="Log">
      <div class="nbt-tools">
        <Toggle pressed={isFollowing} title="Stay at the end as more comes" onToggle={follow}>
          Follow
        </Toggle>
        <span class="nbt-aside">{size === null ? "" : `worker.log, ${formatBytes(size)}: its end`}</span>
      </div>
      {problem && <p class="nbt-bad">{problem}</p>}
      <pre
        ref={box}
        class="nbt-log-text"
        dir="ltr"
        role="log"
        aria-live="off"
        aria-label="What the worker printed"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys.
        tabIndex={0}
        onScroll={onScroll}
      >
        {text || (size === null ? "Waiting for the kernel…" : "Nothing has been printed yet.")}
      </pre>
    </section>
  );
}

function useLog(channel: Channel, isLive: boolean) {
  const [log, setLog] = useState<{ text: string; size: number | null; problem: string | null }>({
    text: "",
    size: null,
    problem: null,
  });
  const offset = useRef<number | null>(null);
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      let hasMore = false;
      const options = { signal: ended.signal, timeoutMs: Number.POSITIVE_INFINITY };
      try {
        const params = { offset: offset.current };
        const { result } = await channel.request<LogAnswer>("log", params, options);
        // A piece has no more than the kernel reads at once.
        hasMore = result.offset < result.size && result.text !== "";
        offset.current = result.offset;
        setLog((now) => ({
          text: (now.text + result.text).slice(-MOST_CHARACTERS),
          size: result.size,
          problem: null,
        }));
      } catch (error) {
        if (isAbort(error)) return;
        setLog((now) => ({ ...now, problem: messageOf(error) }));
      }
      if ((isLive || hasMore) && !ended.signal.aborted) timer = setTimeout(ask, hasMore ? 0 : EVERY_MS);
    };
    ask();
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [channel, isLive]);
  return log;
}
