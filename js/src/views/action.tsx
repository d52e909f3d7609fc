// Something that the kernel is to do, and how that goes.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";

type State<T> =
  | { kind: "ready" }
  | { kind: "asking" }
  | { kind: "answered"; answer: T }
  | { kind: "failed"; message: string };

/** How it goes, while it goes, and why it did not. */
export function Asked({ state }: { state: State<unknown> }) {
  if (state.kind === "failed") return <p class="nbt-bad">{state.message}</p>;
  if (state.kind !== "asking") return null;
  return (
    <p class="nbt-aside" role="status">
      <span class="nbt-spinner" /> Asking the model…
    </p>
  );
}

/**
 * Has the kernel do something; what it was asked before is dropped.
 * So is what it answered about anything else than `of`, where that is given.
 */
export function useAction<T>(channel: Channel, of: unknown = null) {
  const [state, setState] = useState<State<T>>({ kind: "ready" });
  const asked = useRef<AbortController | null>(null);
  const about = useRef(of);
  useLayoutEffect(() => {
    if (about.current === of) return;
    about.current = of;
    asked.current?.abort();
    setState({ kind: "ready" });
  }, [of]);
  useEffect(() => () => asked.current?.abort(), [channel]);
  const ask = (method: string, params: object) => {
    asked.current?.abort();
    const controller = new AbortController();
    asked.current = controller;
    setState({ kind: "asking" });
    const options = { signal: controller.signal, timeoutMs: Number.POSITIVE_INFINITY };
    channel.request<T>(method, params, options).then(
      ({ result }) => setState({ kind: "answered", answer: result }),
      (error) => {
        if (isAbort(error)) return;
        setState({ kind: "failed", message: messageOf(error) });
      },
    );
  };
  return { state, ask };
}
