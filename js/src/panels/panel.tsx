// Any panel: work under way, an error, a result; the result's kind picks the view.
import type { ComponentType } from "preact";
import { useCallback, useErrorBoundary, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Channel, messageOf } from "../channel";
import type { Host, Progress, Traits } from "../host";
import { ErrorStrip } from "../views/notices";
import { ProgressView } from "../views/progress";

export interface ResultProps {
  header: Record<string, unknown>;
  payload: DataView | null;
  channel: Channel;
  /** How far the work is, where the result is not the whole yet. */
  progress: Progress | null;
  /** Numbers of the selected rows, sorted. */
  selection: readonly number[];
  select(rows: number[]): void;
  /** Ends the work and keeps what came; false where the host cannot be asked. */
  stop(): Promise<boolean>;
  /** For what reaches beyond the panel: another one within it, a cell below it. */
  host: Host;
}

/** The name of a kind of result to what draws it. */
export type Kinds = Readonly<Record<string, ComponentType<ResultProps>>>;

const STARTING = {
  stage: "starting",
  message: "Waiting for the kernel…",
  done: 0,
  total: null,
  unit: "",
  tokens_per_s: null,
  eta_s: null,
};

interface PanelProps {
  host: Host;
  channel: Channel;
  kinds: Kinds;
}

export function Panel({ host, channel, kinds }: PanelProps) {
  const { kind, progress, error, header, payload, selection } = useTraits(host);
  const nothing = !progress && !error && !header;
  const select = useCallback((rows: number[]) => host.select(rows), [host]);
  const how = progress?.stop;
  const stop = useCallback(() => host.stop(how).catch(() => false), [host, how]);
  const result = { header, payload, channel, progress, selection, select, stop, host };
  // A result that is not the whole yet has its progress in its own head, so that nothing moves when it is.
  return (
    <div class="nbt-panel">
      {(progress || nothing) && !header?.partial && (
        // What keeps a cell busy has the notebook's own button.
        <ProgressView progress={progress ?? STARTING} stop={how === "message" ? stop : null} />
      )}
      {error && <ErrorStrip message={error.message} />}
      {header && <Result key={kind} kind={kind} kinds={kinds} {...result} header={header} />}
    </div>
  );
}

/** A result that cannot be shown says so in its place; the next result is tried afresh. */
function Result({ kind, kinds, ...props }: ResultProps & { kind: string; kinds: Kinds }) {
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
    return <ErrorStrip message={messageOf(failure)} />;
  }
  const View = kinds[kind];
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
    return host.watch(["kind", "progress", "error", "header", "payload", "selection"], read);
  }, [host]);
  return traits;
}
