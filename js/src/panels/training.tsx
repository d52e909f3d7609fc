// A training run as it goes on: its state and buttons, its curves, what its evaluations found, its log and settings.
import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import type { Kept } from "../rows/answers";
import { useControls } from "../training/controls";
import { useLost } from "../training/lost";
import { isLive } from "../training/run";
import { useRun } from "../training/use";
import { ExportButton } from "../views/export";
import { ErrorStrip, Notes, WaitStrip } from "../views/notices";
import { Segments } from "../views/segments";
import type { ChartView } from "../views/trainingchart";
import { Ended, TrainingControls } from "../views/trainingcontrols";
import { FIRST_VIEW, TrainingCurves } from "../views/trainingcurves";
import { TrainingEvaluation } from "../views/trainingevaluation";
import { TrainingExport } from "../views/trainingexport";
import { TrainingHead } from "../views/traininghead";
import { TrainingLog } from "../views/traininglog";
import { TrainingSettings } from "../views/trainingsettings";
import type { ResultProps } from "./panel";

const TABS = [
  ["curves", "Curves"],
  ["evaluation", "Evaluation"],
  ["log", "Log"],
  ["settings", "Settings"],
] as const;

type Tab = (typeof TABS)[number][0];

export function TrainingPanel({ header, payload, channel, host }: ResultProps) {
  const { run, silentSince } = useRun(header, payload, channel);
  const isLost = useLost(host);
  const { facts } = run;
  const controls = useControls(channel, facts);
  const [chosen, setTab] = useState<Tab | null>(null);
  // Before the first step there is nothing to see but what is known of the data and the model.
  const tab = chosen ?? (run.curves.length === 0 && !facts.finder && facts.card ? "settings" : "curves");
  const [view, setWholeView] = useState<ChartView>(FIRST_VIEW);
  const setView = useCallback(
    (change: Partial<ChartView>) => setWholeView((now) => ({ ...now, ...change })),
    [],
  );
  const [evaluation, setEvaluation] = useState<number | null>(null);
  const [exporting, setExporting] = useState(false);
  const kept = useMemo<Kept>(() => new Map(), [run.rewritten]);
  const root = useRef<HTMLDivElement>(null);
  return (
    <div class="nbt-result nbt-training" ref={root}>
      <TrainingHead facts={facts} />
      {isLost ? (
        <ErrorStrip
          message={`The kernel is gone: this is what had come. The run does not need it, and %runs ${facts.name} shows how it is.`}
        />
      ) : (
        <>
          <Ended facts={facts} controls={controls} />
          <TrainingControls facts={facts} controls={controls} />
        </>
      )}
      {silentSince && !isLost && (
        <WaitStrip
          message={`Nothing was heard since ${silentSince.toLocaleTimeString()}: the kernel is busy with a cell, or gone. What is shown is of then; the run itself does not need the kernel, and %runs tells how it is.`}
          retry={null}
        />
      )}
      <Notes notes={facts.warnings} />
      <Notes notes={facts.notes} isWarning={false} />
      <nav class="nbt-tools" aria-label="Views">
        <Segments label="View" options={TABS} chosen={tab} onChoose={(key) => setTab(key)} />
        <ExportButton open={exporting} onToggle={setExporting} />
      </nav>
      {exporting && <TrainingExport run={run} root={tab === "curves" ? root : null} />}
      {tab === "curves" && (
        <TrainingCurves run={run} view={view} setView={setView} channel={channel} kept={kept} />
      )}
      {tab === "evaluation" && (
        <TrainingEvaluation
          run={run}
          chosen={evaluation}
          onChoose={setEvaluation}
          channel={channel}
          kept={kept}
        />
      )}
      {tab === "log" && <TrainingLog channel={channel} isLive={isLive(facts)} />}
      {tab === "settings" && <TrainingSettings facts={facts} />}
    </div>
  );
}
