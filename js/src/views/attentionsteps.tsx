// How the weights of one query in one head come about, step by step: every number is the model's own.
import { useRef, useState } from "preact/hooks";
import { formatCount, formatShare, plural } from "../text";
import type { Tokens } from "../wire/attention";
import { readSteps, type Steps, type StepsFacts } from "../wire/attentionsteps";
import { useAsked } from "./asking";
import { OutputFormula, WeightFormula } from "./formula";
import { type Cell, KeyTable } from "./keytable";
import { Token } from "./linesreadout";
import type { ViewProps } from "./looking";
import { NoticeStrip } from "./notices";
import { figures, heaviestKey, isScaled, stagesOf } from "./stages";
import { Strip } from "./strip";
import { TokenStepper } from "./tokenstepper";

/** Of a longer text the heaviest. */
const MOST_KEYS = 32;

export function AttentionSteps(props: ViewProps) {
  const { signed, has_steps, can } = props.reading.header;
  if (signed)
    return <None text="A difference of two has no steps of its own: look at one of the two by itself." />;
  if (!has_steps && !can.includes("ablate"))
    return (
      <None text="How these weights come about is not kept with them: look at the text with its model again, token by token." />
    );
  if (!has_steps)
    return (
      <None text="How these weights come about cannot be shown: this model's own attention does not give away its queries and keys. The weights themselves are exact in the other views." />
    );
  return <StepsOfQuery {...props} />;
}

function None({ text }: { text: string }) {
  return <p class="nbt-steps nbt-muted">{text}</p>;
}

function StepsOfQuery({ reading, look, setLook, ask, kept }: ViewProps) {
  const { part, layer, head, pinned, key } = look;
  const [queries, keys] = [reading.queries(part), reading.keys(part)];
  const query = Math.min(pinned ?? lastOf(queries), queries.count - 1);
  const where = { part: part.part, layer, head, query };
  const load = (more: object) => async (signal: AbortSignal) => {
    const { result, read } = await ask<StepsFacts>("steps", { ...where, ...more, most: MOST_KEYS }, signal);
    return readSteps(result, read);
  };
  const name = `steps ${Object.values(where)}`;
  const heaviest = useAsked(kept, name, load({}));
  // A key that is none of the heaviest is asked for by itself.
  const lacks = key !== null && heaviest.answer?.keys.includes(key) === false;
  const withKey = useAsked(kept, lacks ? `${name} to ${key}` : null, load({ key }));
  const asked = lacks ? withKey : heaviest;
  const { notice } = asked;
  // What was shown of these tokens stays until what is asked for arrives.
  const last = useRef<{ part: string; steps: Steps } | null>(null);
  if (asked.answer) last.current = { part: part.part, steps: asked.answer };
  const stays = last.current?.part === part.part && !notice?.retry;
  const steps = asked.answer ?? (stays ? last.current?.steps : undefined);
  const at = steps ? placeOfKey(steps, key) : 0;
  const setKey = (next: number | null) => setLook({ key: next });
  const toQuery = (next: number) =>
    next >= 0 && next < queries.count ? () => setLook({ pinned: next, key }) : undefined;
  const token = (lacks ? key : steps?.keys[at]) ?? 0;
  const toKey = (next: number) => (next >= 0 && next < keys.count ? () => setKey(next) : undefined);
  return (
    <section class="nbt-steps" aria-label={`How the weights of head ${head} of layer ${layer} come about`}>
      <div class="nbt-tools">
        <TokenStepper label="query token" onBack={toQuery(query - 1)} onOn={toQuery(query + 1)}>
          From <Token text={queries.at(query)?.text ?? "…"} />
          <span class="nbt-lines-place">{query}</span>
        </TokenStepper>
        {steps && (
          <TokenStepper label="key token" onBack={toKey(token - 1)} onOn={toKey(token + 1)}>
            to <Token text={keys.at(token)?.text ?? "…"} />
            <span class="nbt-lines-place">{token}</span>
          </TokenStepper>
        )}
      </div>
      <NoticeStrip notice={notice} retry={asked.retry} />
      {steps && (
        <div class={asked.answer ? undefined : "nbt-steps-stale"}>
          <Weight steps={steps} keys={keys} at={at} onKey={(next) => setKey(steps.keys[next] ?? null)} />
          <Output steps={steps} head={head} />
        </div>
      )}
    </section>
  );
}

/** The last token that is not a special one: it may look at all that stands before it. */
function lastOf(tokens: Tokens): number {
  for (let at = tokens.count - 1; at > 0; at--) if (tokens.at(at)?.special === false) return at;
  return 0;
}

function placeOfKey(steps: Steps, key: number | null): number {
  const place = key === null ? -1 : steps.keys.indexOf(key);
  return place < 0 ? heaviestKey(steps) : place;
}

interface WeightProps {
  steps: Steps;
  keys: Tokens;
  at: number;
  onKey(at: number): void;
}

/** From the query and the keys to the weights. */
function Weight({ steps, keys, at, onKey }: WeightProps) {
  const [cell, setCell] = useState<Cell | null>(null);
  const shown = steps.weights.reduce((sum, weight) => sum + weight, 0);
  return (
    <>
      <div class="nbt-steps-head">
        <h4>Weights</h4>
        <WeightFormula steps={steps} />
      </div>
      <Numbers steps={steps} at={at} />
      <KeyTable steps={steps} keys={keys} at={at} cell={cell} onCell={setCell} onKey={onKey} />
      <p class="nbt-steps-said" aria-live="polite">
        {cell ? saidOfCell(steps, at, cell) : saidOfKeys(steps.facts, steps.keys.length, shown)}
      </p>
    </>
  );
}

/** The numbers of one dimension. */
function saidOfCell({ q, k, products, weights, v, output }: Steps, at: number, { of, dim }: Cell): string {
  const told = (name: string, value: number | undefined) => `${name} ${figures(value ?? Number.NaN)}`;
  if (of === "products") {
    const place = at * q.length + dim;
    return `Dimension ${dim}: ${told("q", q[dim])} × ${told("k", k[place])} = ${told("", products[place]).trim()}`;
  }
  const [weight, value] = [weights[at] ?? Number.NaN, v[at * output.length + dim] ?? Number.NaN];
  return `Dimension ${dim}: ${told("weight", weight)} × ${told("v", value)} = ${figures(weight * value)}`;
}

function saidOfKeys({ keys, masked_keys, sink, log_sum }: StepsFacts, shown: number, share: number): string {
  const said =
    shown < keys
      ? [`The ${shown} heaviest of ${formatCount(keys)} keys, with ${formatShare(share, 1)} of the weight.`]
      : [`All ${plural(keys, "key")}.`];
  if (masked_keys > 0)
    said.push(`${formatCount(masked_keys)} of them ${masked_keys === 1 ? "is" : "are"} masked.`);
  if (sink !== null && log_sum !== null)
    said.push(
      `The sink, whose score is ${figures(sink)}, takes ${formatShare(Math.exp(sink - log_sum), 1)} of the weight.`,
    );
  said.push("Point at a cell to see its numbers.");
  return said.join(" ");
}

/** The formula with the numbers of one key. */
function Numbers({ steps, at }: { steps: Steps; at: number }) {
  const { scaling, softcap, log_sum } = steps.facts;
  const { sum, scaled, capped, bias, masked, score, weight } = stagesOf(steps, at);
  const parts: [name: string, text: string][] = [["q · k", figures(sum)]];
  if (isScaled(steps)) parts.push(["scaled", `${figures(sum)} × ${figures(scaling)} = ${figures(scaled)}`]);
  if (capped !== null && softcap !== null)
    parts.push([
      "capped",
      `${figures(softcap)} × tanh(${figures(scaled)} / ${figures(softcap)}) = ${figures(capped)}`,
    ]);
  if (bias !== null) {
    const before = capped ?? scaled;
    parts.push(["with bias", `${figures(before)} + ${figures(bias)} = ${figures(before + bias)}`]);
  }
  if (masked) parts.push(["masked", figures(score)]);
  const less = log_sum === null ? "" : `exp(${figures(score)} − ${figures(log_sum)}) = `;
  parts.push(["weight", `${less}${figures(weight)}`]);
  return (
    <dl class="nbt-steps-numbers">
      {parts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

/** From the weighted values to what the module gives. */
function Output({ steps, head }: { steps: Steps; head: number }) {
  const { output, concatenated, projected } = steps;
  const size = output.length;
  const heads = Math.round(concatenated.length / size);
  return (
    <>
      <div class="nbt-steps-head">
        <h4>Output</h4>
        <OutputFormula head={head} heads={heads} />
      </div>
      <dl class="nbt-steps-output">
        <Vector name={`Weighted values summed: head ${head}`} of="o" values={output} />
        <Vector
          name={`Outputs of all ${heads} heads, one behind the other`}
          of="o"
          values={concatenated}
          framed={[head * size, (head + 1) * size]}
          named={(at) => `head ${Math.floor(at / size)}, dimension ${at % size}`}
        />
        <Vector
          name="Projected, with its bias where it has one: what the attention gives for this token"
          of="y"
          values={projected}
        />
      </dl>
    </>
  );
}

interface VectorProps {
  name: string;
  of: string;
  values: Float32Array;
  framed?: readonly [number, number];
  named?(at: number): string;
}

function Vector({ name, of, values, framed, named }: VectorProps) {
  const [at, setAt] = useState<number | null>(null);
  const said =
    at === null
      ? `${formatCount(values.length)} dimensions`
      : `${named?.(at) ?? `dimension ${at}`}: ${of} = ${figures(values[at] ?? Number.NaN)}`;
  return (
    <div>
      <dt>
        {name}{" "}
        <span class="nbt-lines-place" aria-live="polite">
          {said}
        </span>
      </dt>
      <dd>
        <Strip label={name} values={values} at={at} onPoint={setAt} {...(framed ? { framed } : {})} />
      </dd>
    </div>
  );
}
