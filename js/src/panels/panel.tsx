// Any panel: work under way, an error, a result; the result's kind picks the view.
import type { ComponentType } from "preact";
import { useErrorBoundary, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import type { Host, Traits } from "../host";
import { ErrorStrip } from "../views/notices";
import { ProgressView } from "../views/progress";
import { ClassifyPanel } from "./classify";
import { TokenizePanel } from "./tokenize";

export interface ResultProps {
  header: Record<string, unknown>;
  payload: DataView | null;
  channel: Channel;
}

const KINDS: Record<string, ComponentType<ResultProps>> = {
  classify: ClassifyPanel,
  tokenize: TokenizePanel,
};

const STARTING = {
  stage: "starting",
  message: "Waiting for the kernel…",
  done: 0,
  total: null,
  unit: "",
  tokens_per_s: null,
  eta_s: null,
};

export function Panel({ host, channel }: { host: Host; channel: Channel }) {
  const { kind, progress, error, header, payload } = useTraits(host);
  const nothing = !progress && !error && !header;
  return (
    <div class="nbt-panel">
      {(progress || nothing) && <ProgressView progress={progress ?? STARTING} />}
      {error && <ErrorStrip message={error.message} />}
      {header && <Result key={kind} kind={kind} header={header} payload={payload} channel={channel} />}
    </div>
  );
}

/** A result that cannot be shown says so in its place; the next result is tried afresh. */
function Result({ kind, ...props }: ResultProps & { kind: string }) {
  const [failure, reset] = useErrorBoundary();
  // What was shown when it failed.
  const failed = useRef<unknown[] | null>(null);
  useLayoutEffect(() => {
    const shown = [props.header, props.payload];
    if (!failure) failed.current = null;
    else if (failed.current === null) failed.current = shown;
    else if (shown.some((part, at) => part !== failed.current?.[at])) reset();
  });
  if (failure) {
    return <ErrorStrip message={failure instanceof Error ? failure.message : String(failure)} />;
  }
  const View = KINDS[kind];
  if (!View) {
    return <ErrorStrip message={`This panel is of a kind ("${kind}") that the page does not know.`} />;
  }
  return <View {...props} />;
}

function useTraits(host: Host): Traits {
  const [traits, setTraits] = useState(() => host.read());
  useLayoutEffect(() => {
    const read = () => setTraits(host.read());
    // What changed between the first drawing and now is not missed.
    read();
    return host.watch(["kind", "progress", "error", "header", "payload"], read);
  }, [host]);
  return traits;
}
