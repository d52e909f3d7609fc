// All training runs: how each is, and the curves and the settings of those that are ticked, side by side.
import { useRef, useState } from "preact/hooks";
import { colourAt } from "../colour";
import { useLost } from "../training/lost";
import { useRuns } from "../training/useruns";
import { ExportButton } from "../views/export";
import { ErrorStrip } from "../views/notices";
import { FIRST_LOOK, RunCurves, type RunsLook } from "../views/runcurves";
import { RunDifferences } from "../views/rundifferences";
import { RunsExport } from "../views/runsexport";
import { RunTable } from "../views/runtable";
import type { ResultProps } from "./panel";

/** Ticked as long as nothing is selected, and nobody has ticked any. */
const FIRST = 3;

export function RunsPanel({ header: raw, channel, selection, select, host }: ResultProps) {
  const header = useRuns(raw, channel);
  const isLost = useLost(host);
  const { order, runs } = header;
  const [isTouched, touch] = useState(false);
  const newest = order.filter((name) => runs[name]?.curves.length).slice(0, FIRST);
  const selected = selection.flatMap((number) => order[number] ?? []);
  const ticked = isTouched || selected.length > 0 ? selected : newest;
  const tick = (name: string, isTicked: boolean) => {
    touch(true);
    const isNow = (other: string) => (other === name ? isTicked : ticked.includes(other));
    select(order.flatMap((other, number) => (isNow(other) ? [number] : [])));
  };
  const colours = useColours(ticked);
  const [look, setWholeLook] = useState(FIRST_LOOK);
  const setLook = (change: Partial<RunsLook>) => setWholeLook((now) => ({ ...now, ...change }));
  const [isExporting, setExporting] = useState(false);
  const root = useRef<HTMLElement>(null);
  return (
    <div class="nbt-result nbt-training nbt-runs">
      <div class="nbt-head">
        <div class="nbt-head-line">
          <span class="nbt-title">{header.title}</span>
          <bdi class="nbt-subtitle">{header.subtitle}</bdi>
          {order.length > 0 && <ExportButton open={isExporting} onToggle={setExporting} />}
        </div>
      </div>
      {isLost && (
        <ErrorStrip message="The kernel is gone: this is what had come. The runs do not need it, and %runs shows how they are." />
      )}
      {isExporting && (
        <RunsExport names={ticked} runs={runs} colours={colours} look={look} root={root} channel={channel} />
      )}
      {order.length === 0 ? (
        <p class="nbt-none">
          There are no runs here; <code>%finetune</code> begins one.
        </p>
      ) : (
        <RunTable header={header} colours={colours} tick={tick} channel={channel} isLost={isLost} />
      )}
      {ticked.length > 0 && (
        <RunCurves
          names={ticked}
          runs={runs}
          colours={colours}
          look={look}
          setLook={setLook}
          root={root}
          channel={channel}
        />
      )}
      {ticked.length > 1 && <RunDifferences names={ticked} colours={colours} channel={channel} />}
    </div>
  );
}

/** A colour a run that is ticked, which it keeps for as long as it is. */
function useColours(ticked: readonly string[]): ReadonlyMap<string, string> {
  const [held] = useState(() => new Map<string, number>());
  for (const name of [...held.keys()]) if (!ticked.includes(name)) held.delete(name);
  for (const name of ticked) {
    if (held.has(name)) continue;
    const taken = new Set(held.values());
    let number = 0;
    while (taken.has(number)) number += 1;
    held.set(name, number);
  }
  return new Map([...held].map(([name, number]) => [name, colourAt(number)]));
}
