// The panel of a result within another panel.
import { useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../channel";
import { type Host, showWidget } from "../host";
import { ErrorStrip } from "./notices";

export function ChildPanel({ host, id }: { host: Host; id: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const ended = new AbortController();
    setProblem(null);
    // Of its own, since a host need not empty what it has drawn into.
    const el = document.createElement("div");
    place.current?.append(el);
    showWidget(host, id, el, ended.signal).catch((error) => setProblem(messageOf(error)));
    return () => {
      ended.abort();
      el.remove();
    };
  }, [host, id]);
  return (
    <>
      {problem && <ErrorStrip message={problem} />}
      <div ref={place} class="nbt-bench-child" />
    </>
  );
}
