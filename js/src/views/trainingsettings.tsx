// What a run was asked for, what it plans, and what was known of data and machine before anything ran.
import type { ComponentChildren } from "preact";
import { formatCount, formatShare, plural } from "../text";
import type { RunFacts } from "../wire/training";
import { exactValue, formatBytes } from "./figures";
import { WithCode } from "./withcode";

export function TrainingSettings({ facts }: { facts: RunFacts }) {
  const { plan, card, attempts } = facts;
  const asked: [string, string][] = [...facts.facts];
  if (attempts > 1) asked.push(["Workers", `${attempts}: each went on where the one before ended`]);
  return (
    <section class="nbt-settings" aria-label="Settings">
      <Part title="Settings">
        <Facts facts={asked} />
      </Part>
      {plan && (
        <Part title="Plan">
          <Facts facts={planOf(plan)} />
        </Part>
      )}
      {card && Object.keys(card).length > 0 && <Card card={card} isPlanned={plan !== null} />}
    </section>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="nbt-report-part">
      <h4>
        <bdi>{title}</bdi>
      </h4>
      {children}
    </section>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, string])[] }) {
  return (
    <dl class="nbt-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>
            <bdi>{name}</bdi>
          </dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function planOf(plan: NonNullable<RunFacts["plan"]>): [string, string][] {
  const told: [string, string][] = [];
  const count = (name: string, value: number | undefined) => {
    if (value !== undefined && value !== null) told.push([name, formatCount(value)]);
  };
  count("Steps", plan.steps);
  if (plan.epochs) told.push(["Epochs", String(Number(plan.epochs.toFixed(2)))]);
  count("Steps an epoch", plan.steps_per_epoch);
  if (plan.batch_size) {
    const { batch_size: batch, micro_batch: micro = batch, accumulation = 1 } = plan;
    const parts = accumulation > 1 ? ` = ${accumulation} × ${formatCount(micro)}` : "";
    told.push(["Rows a step", `${formatCount(batch)}${parts}`]);
  }
  if (plan.parameters) {
    const trainable = plan.trainable ?? plan.parameters;
    const share = formatShare(trainable, plan.parameters);
    told.push([
      "Trained parameters",
      `${formatCount(trainable)} of ${formatCount(plan.parameters)} (${share})`,
    ]);
  }
  count("Training rows", plan.train_rows);
  count("Test rows", plan.test_rows);
  if (plan.labels?.length) told.push(["Labels", plan.labels.join(", ")]);
  return told;
}

/** What the plan tells, too, and the settings. */
const PLANNED = /^(rows|split|steps|steps_per_epoch|parameters)$/;

interface CardProps {
  card: Record<string, unknown>;
  isPlanned: boolean;
}

/** What the card has, whatever it is: single values together, and each group of numbers as bars. */
function Card({ card: { advice, ...card }, isPlanned }: CardProps) {
  const entries = Object.entries(card).filter(([name]) => !(isPlanned && PLANNED.test(name)));
  const single = entries.filter(([, value]) => !isGroup(value));
  return (
    <>
      {isList(advice) && advice.length > 0 && (
        <Part title="Advice">
          {advice.map((line) => (
            <p key={line}>
              <WithCode text={String(line)} />
            </p>
          ))}
        </Part>
      )}
      {single.length > 0 && (
        <Part title="Before it began">
          <Facts facts={single.map(([name, value]) => [titled(name), written(name, value)])} />
        </Part>
      )}
      {entries.map(([name, value]) =>
        isGroup(value) ? (
          <Part key={name} title={titled(name)}>
            <Group name={name} group={value} />
          </Part>
        ) : null,
      )}
    </>
  );
}

type Values = Record<string, unknown>;

function isGroup(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Of groups in a group, each under its name. */
function Group({ name, group }: { name: string; group: Values }) {
  const { labels, train, test, edges, bars, ...rest } = group;
  if (isList(labels) && isList(train)) return <Balance labels={labels} sides={{ train, test }} />;
  if (isList(edges) && isList(bars))
    return (
      <>
        <Histogram edges={edges.map(Number)} bars={bars.map(Number)} />
        <Group name={name} group={rest} />
      </>
    );
  const entries = Object.entries(group);
  const inner = entries.filter(([, value]) => isGroup(value)) as [string, Values][];
  const single = entries.filter(([, value]) => !isGroup(value));
  const isBars =
    single.length > 1 && BARS.has(name) && single.every(([, value]) => typeof value === "number");
  return (
    <>
      {single.length > 0 &&
        (isBars ? (
          <Bars values={single as [string, number][]} />
        ) : (
          <Facts facts={single.map(([key, value]) => [titled(key), written(`${name} ${key}`, value)])} />
        ))}
      {inner.map(([key, values]) => (
        <div key={key} class="nbt-group">
          <h5>
            <bdi>{titled(key)}</bdi>
          </h5>
          <Group name={BARS.has(name) ? name : key} group={values} />
        </div>
      ))}
    </>
  );
}

/** Groups that are shares of a whole. */
const BARS = new Set(["balance", "train", "test"]);
/** More labels than these are only counted. */
const MOST_BARS = 50;

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

/** How often each label is there, on each side of the split. */
function Balance({ labels, sides }: { labels: unknown[]; sides: Record<string, unknown> }) {
  return (
    <>
      {Object.entries(sides).map(([side, counts]) =>
        isList(counts) && counts.length > 0 ? (
          <div key={side} class="nbt-group">
            <h5>{titled(side)}</h5>
            <Bars values={counts.map((count, at) => [String(labels[at]), Number(count)])} />
          </div>
        ) : null,
      )}
    </>
  );
}

function Bars({ values }: { values: readonly (readonly [string, number])[] }) {
  const all = values.reduce((sum, [, value]) => sum + value, 0);
  const most = Math.max(...values.map(([, value]) => value));
  return (
    <>
      <dl class="nbt-balance">
        {values.slice(0, MOST_BARS).map(([label, value]) => (
          <div key={label}>
            <dt>
              <bdi title={label}>{label}</bdi>
            </dt>
            <dd style={{ "--share": most > 0 ? value / most : 0 }}>
              <i aria-hidden="true" />
              <span>{`${formatCount(value)} · ${formatShare(value, all)}`}</span>
            </dd>
          </div>
        ))}
      </dl>
      {values.length > MOST_BARS && (
        <p class="nbt-aside">{`and ${plural(values.length - MOST_BARS, "more", "more")}`}</p>
      )}
    </>
  );
}

/** Rows by their length: a bar from one edge to the next. */
function Histogram({ edges, bars }: { edges: number[]; bars: number[] }) {
  const most = Math.max(1, ...bars);
  const ends = [edges[0] ?? 0, edges.at(-1) ?? 0].map((edge) => formatCount(edge));
  return (
    <div class="nbt-lengths">
      <div role="img" aria-label={`Rows by their length, from ${ends[0]} to ${ends[1]} tokens`}>
        {bars.map((count, at) => {
          const [from, to] = [edges[at] ?? 0, edges[at + 1] ?? 0].map((edge) => formatCount(edge));
          return (
            <i
              key={at}
              style={{ "--share": count / most }}
              title={`${from} to ${to} tokens: ${plural(count, "row")}`}
            />
          );
        })}
      </div>
      <p class="nbt-aside">
        <span>{ends[0]}</span>
        <span>tokens</span>
        <span>{ends[1]}</span>
      </p>
    </div>
  );
}

const BYTES = /memory/;
const SHARES = /\bcut_/;

function written(name: string, value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map((one) => written(name, one)).join(", ");
  if (typeof value !== "number") return String(value);
  if (BYTES.test(name)) return formatBytes(value);
  if (SHARES.test(name)) return formatShare(value, 1);
  return Number.isInteger(value) ? formatCount(value) : exactValue(value);
}

function titled(name: string): string {
  const words = name.replace(/_/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
