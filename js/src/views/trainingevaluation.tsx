// What an evaluation found: its metrics, which labels are taken for which, and the worst mistakes with their texts.
import { useState } from "preact/hooks";
import type { Channel } from "../channel";
import type { Kept } from "../rows/answers";
import { formatCount, formatShare } from "../text";
import type { Run } from "../training/run";
import type { Evaluation, Mistake, Report } from "../wire/training";
import { useAsked } from "./asking";
import { exactValue } from "./figures";
import { NoticeStrip } from "./notices";
import { Scrolled } from "./scrolled";
import { Segments } from "./segments";
import { Select } from "./select";

interface EvaluationProps {
  run: Run;
  /** The step of the evaluation that is looked at; null for the last one, also one to come. */
  chosen: number | null;
  onChoose(step: number | null): void;
  channel: Channel;
  kept: Kept;
}

const LAST = "last";

export function TrainingEvaluation({ run, chosen, onChoose, channel, kept }: EvaluationProps) {
  const { evals, facts } = run;
  const shown = evals.find(({ step }) => step === chosen) ?? evals.at(-1);
  if (!shown) return <p class="nbt-none">No evaluation yet: it comes at the end of an epoch.</p>;
  const options = [...evals].reverse().map((one) => [String(one.step), nameOf(one, run)] as const);
  return (
    <section class="nbt-evaluation" aria-label="Evaluation">
      <div class="nbt-tools">
        <Select
          label="Evaluation"
          options={[[LAST, "The last one"], ...options]}
          chosen={chosen === null ? LAST : String(chosen)}
          onChoose={(key) => onChoose(key === LAST ? null : Number(key))}
        />
        {facts.best?.step === shown.step && <span class="nbt-state nbt-state-done">✓ Best so far</span>}
      </div>
      <dl class="nbt-metrics">
        {Object.entries(shown.metrics).map(([name, value]) => (
          <div key={name}>
            <dt>
              <bdi>{name}</bdi>
            </dt>
            <dd>{exactValue(value)}</dd>
          </div>
        ))}
      </dl>
      <ReportView key={shown.step} step={shown.step} channel={channel} kept={kept} />
    </section>
  );
}

function nameOf({ step, epoch, metrics }: Evaluation, { facts }: Run): string {
  const name = facts.best?.metric ?? Object.keys(metrics)[0] ?? "";
  const parts = [`step ${formatCount(step)}`];
  if (epoch !== null) parts.push(`epoch ${Number(epoch.toFixed(2))}`);
  if (name in metrics) parts.push(`${name} ${exactValue(metrics[name] ?? null)}`);
  return parts.join(" · ");
}

function ReportView({ step, channel, kept }: { step: number; channel: Channel; kept: Kept }) {
  const { answer, notice, retry } = useAsked<Partial<Report> & { missing?: boolean }>(
    kept,
    `evaluation ${step}`,
    async (signal) => {
      const options = { signal, timeoutMs: Number.POSITIVE_INFINITY };
      return (await channel.request<Partial<Report>>("evaluation", { step }, options)).result;
    },
  );
  if (notice) return <NoticeStrip notice={notice} retry={retry} />;
  if (!answer) return <p class="nbt-none">Waiting for the kernel…</p>;
  if (answer.missing) return <p class="nbt-none">This evaluation has left no report.</p>;
  const { confusion, labels = [], by_label: byLabel = {}, mistakes = [] } = answer;
  return (
    <>
      {confusion && confusion.length > 0 && <Confusion counts={confusion} labels={labels} />}
      {Object.keys(byLabel).length > 0 && <ByLabel byLabel={byLabel} />}
      {mistakes.length > 0 && <Mistakes mistakes={mistakes} />}
    </>
  );
}

interface ConfusionProps {
  counts: number[][];
  labels: string[];
}

/** A larger table could not be read: then the most frequent confusions are told. */
const MOST_LABELS = 40;

function Confusion(props: ConfusionProps) {
  return props.labels.length > MOST_LABELS ? <Frequent {...props} /> : <ConfusionTable {...props} />;
}

function ConfusionTable({ counts, labels }: ConfusionProps) {
  const [figures, setFigures] = useState<"counts" | "shares">("counts");
  return (
    <section class="nbt-report-part">
      <div class="nbt-tools">
        <h4>Which label is taken for which</h4>
        <Segments
          label="Figures"
          options={[
            ["counts", "Rows", "How many rows"],
            ["shares", "Shares", "Of the rows that have this label"],
          ]}
          chosen={figures}
          onChoose={(key) => setFigures(key)}
        />
      </div>
      <Scrolled label="Confusion">
        <table class="nbt-confusion">
          <thead>
            <tr>
              <th scope="col" class="nbt-corner">
                expected ↓ · predicted →
              </th>
              {labels.map((label, at) => (
                <th key={at} scope="col">
                  <bdi title={label}>{label}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {counts.map((row, expected) => {
              const all = row.reduce((sum, count) => sum + count, 0);
              return (
                <tr key={expected}>
                  <th scope="row">
                    <bdi title={labels[expected]}>{labels[expected]}</bdi>
                  </th>
                  {row.map((count, predicted) => (
                    <td
                      key={predicted}
                      class={expected === predicted ? "nbt-right" : undefined}
                      style={{ "--share": all > 0 ? count / all : 0 }}
                      title={`${formatCount(count)} of ${formatCount(all)} “${labels[expected]}” were taken for “${labels[predicted]}”`}
                    >
                      {figures === "counts" ? formatCount(count) : formatShare(count, all)}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scrolled>
    </section>
  );
}

const MOST_FREQUENT = 30;

function Frequent({ counts, labels }: ConfusionProps) {
  const found = counts.flatMap((row, expected) =>
    row.map((count, predicted) => ({ count, expected, predicted })),
  );
  const wrong = found
    .filter(({ count, expected, predicted }) => count > 0 && expected !== predicted)
    .sort((a, b) => b.count - a.count);
  return (
    <section class="nbt-report-part">
      <h4>{`The most frequent confusions, of ${formatCount(labels.length)} labels`}</h4>
      <Scrolled label="Table">
        <table class="nbt-report-table">
          <thead>
            <tr>
              <th scope="col">Expected</th>
              <th scope="col">Predicted</th>
              <th scope="col">Rows</th>
            </tr>
          </thead>
          <tbody>
            {wrong.slice(0, MOST_FREQUENT).map(({ count, expected, predicted }) => (
              <tr key={`${expected} ${predicted}`}>
                <td>
                  <bdi>{labels[expected]}</bdi>
                </td>
                <td>
                  <bdi>{labels[predicted]}</bdi>
                </td>
                <td>{formatCount(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolled>
    </section>
  );
}

function ByLabel({ byLabel }: { byLabel: Report["by_label"] }) {
  const columns = [...new Set(Object.values(byLabel).flatMap((row) => Object.keys(row)))];
  return (
    <section class="nbt-report-part">
      <h4>By label</h4>
      <Scrolled label="Table">
        <table class="nbt-report-table">
          <thead>
            <tr>
              <th scope="col">Label</th>
              {columns.map((name) => (
                <th key={name} scope="col">
                  <bdi>{name}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Object.entries(byLabel).map(([label, row]) => (
              <tr key={label}>
                <th scope="row">
                  <bdi>{label}</bdi>
                </th>
                {columns.map((name) => (
                  <td key={name}>{figure(name, row[name])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolled>
    </section>
  );
}

/** How many rows there are of a label, or a share with the figures that it is compared by. */
function figure(name: string, value: number | null | undefined): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  return name === "support" ? formatCount(value) : value.toFixed(3);
}

function Mistakes({ mistakes }: { mistakes: Mistake[] }) {
  return (
    <section class="nbt-report-part">
      <h4>The worst mistakes</h4>
      <Scrolled label="Mistakes">
        <ol class="nbt-mistakes">
          {mistakes.map((mistake, at) => (
            <OneMistake key={at} mistake={mistake} />
          ))}
        </ol>
      </Scrolled>
    </section>
  );
}

/** A longer text is cut until one asks for it. */
const LONG = 360;

function OneMistake({ mistake }: { mistake: Mistake }) {
  const { row, text, expected, predicted, loss, score } = mistake;
  const [open, setOpen] = useState(false);
  const isLong = text.length > LONG;
  return (
    <li>
      <p class={isLong && !open ? "nbt-mistake-text nbt-mistake-cut" : "nbt-mistake-text"} dir="auto">
        {text === "" ? <span class="nbt-muted">no text</span> : text}
      </p>
      <p class="nbt-mistake-facts">
        <span>
          expected <bdi>{written(expected)}</bdi>
        </span>
        <span>
          predicted <bdi class="nbt-predicted-label">{written(predicted)}</bdi>
        </span>
        {typeof score === "number" && <span>{`score ${score.toFixed(3)}`}</span>}
        {typeof loss === "number" && <span>{`loss ${exactValue(loss)}`}</span>}
        <span>{`row ${formatCount(row)}`}</span>
        {isLong && (
          <button type="button" class="nbt-notes-more" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Show less" : "Show all"}
          </button>
        )}
      </p>
    </li>
  );
}

/** A label, labels, a number or a text, as the task has it. */
function written(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 ? value.map(written).join(", ") : "none";
  if (typeof value === "number") return exactValue(value);
  return value === null || value === undefined ? "–" : String(value);
}
