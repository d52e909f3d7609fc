// What happens without some heads, in another text, or beside another model.
import { useEffect, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { formatValue, plural } from "../text";
import { visible } from "../tokens/marks";
import type { PartFacts, PartName, Reading } from "../wire/attention";
import { Asked, useAction } from "./action";
import { ScoreBar } from "./bars";
import { type HeadAt, HeadGrid, keyOf, WEIGHTS } from "./headgrid";
import type { ViewProps } from "./looking";
import { exactly } from "./named";
import { Segments } from "./segments";

type How = "zero" | "mean";

/** Heads that are taken out, of all parts: `PART LAYER HEAD`. */
export type Chosen = ReadonlySet<string>;

/** What the kernel says is predicted, before and after. */
interface Prediction {
  what: string;
  labels: string[];
  before: number[];
  after: number[];
  /** How far what the model gives moved: its logits, or else its last hidden states. */
  change: number;
}

interface WhatIfProps extends ViewProps {
  channel: Channel;
  chosen: Chosen;
  onChoose(chosen: Chosen): void;
}

export function WhatIf(props: WhatIfProps) {
  const { can } = props.reading.header;
  return (
    <div class="nbt-whatif">
      {can.includes("ablate") && <Ablation {...props} />}
      {can.includes("edit") && <OtherText reading={props.reading} channel={props.channel} />}
      {can.includes("against") && <OtherModel reading={props.reading} channel={props.channel} />}
    </div>
  );
}

function nameOf(part: PartName, { layer, head }: HeadAt): string {
  return `${part} ${layer} ${head}`;
}

function chosenOf(chosen: Chosen, part: PartFacts): Set<number> {
  const keys = new Set<number>();
  for (const name of chosen) {
    const [of, layer, head] = name.split(" ");
    if (of === part.part) keys.add(keyOf(part, { layer: Number(layer), head: Number(head) }));
  }
  return keys;
}

/** What was asked: the heads that are taken out, and how. */
interface Without {
  heads: readonly string[];
  how: How;
}

function Ablation({ reading, look, channel, chosen, onChoose }: WhatIfProps) {
  const { part } = look;
  const [how, setHow] = useState<How>("zero");
  const [pointed, setPointed] = useState<HeadAt | null>(null);
  const [without, setWithout] = useState<Without>({ heads: [], how });
  const { state, ask } = useAction<Prediction>(channel, reading);
  const toggle = (at: HeadAt) => {
    const [next, name] = [new Set(chosen), nameOf(part.part, at)];
    if (!next.delete(name)) next.add(name);
    onChoose(next);
  };
  const predict = () => {
    const heads = [...chosen].map((name) => {
      const [of, layer, head] = name.split(" ");
      return [of, Number(layer), Number(head)];
    });
    setWithout({ heads: [...chosen], how });
    ask("ablate", { heads, how });
  };
  return (
    <section aria-label="Without some heads">
      <h4>Without some heads</h4>
      <p class="nbt-aside" aria-live="polite">
        Click heads to take them out, and see what the model then predicts.
        {pointed && ` · layer ${pointed.layer}, head ${pointed.head}`}
      </p>
      <HeadGrid
        label="Heads to take out"
        reading={reading}
        part={part}
        colour={WEIGHTS}
        sort={null}
        log={look.scale === "log"}
        current={null}
        chosen={chosenOf(chosen, part)}
        epoch={null}
        largest={34}
        onPoint={setPointed}
        onOpen={toggle}
      />
      <div class="nbt-tools">
        <Segments
          label="How heads are taken out"
          options={[
            ["zero", "To zero", "What these heads give is set to zero"],
            ["mean", "To their mean", "What these heads give is set to its mean over the tokens"],
          ]}
          chosen={how}
          onChoose={(key) => setHow(key)}
        />
        <button
          type="button"
          class="nbt-button nbt-button-outlined"
          disabled={chosen.size === 0 || state.kind === "asking"}
          onClick={predict}
        >
          {`Predict without ${plural(chosen.size, "head")}`}
        </button>
        {chosen.size > 0 && (
          <button type="button" class="nbt-button" onClick={() => onChoose(new Set())}>
            Put all back
          </button>
        )}
      </div>
      <Asked state={state} />
      {state.kind === "answered" && (
        <>
          <p class="nbt-aside">{toldOf(without, reading.header.parts.length > 1)}</p>
          <Predicted {...state.answer} />
        </>
      )}
    </section>
  );
}

/** More heads than these are counted. */
const MOST_TOLD = 8;

const HOW: Record<How, string> = { zero: "set to zero", mean: "set to their mean" };

/** Which heads a prediction is without: other ones may be chosen since. */
function toldOf({ heads, how }: Without, severalParts: boolean): string {
  const told = heads.slice(0, MOST_TOLD).map((name) => {
    const [part, layer, head] = name.split(" ");
    return `${severalParts ? `${part} ` : ""}${layer}.${head}`;
  });
  const more = heads.length > MOST_TOLD ? ` and ${heads.length - MOST_TOLD} more` : "";
  const named = `${heads.length === 1 ? "head" : "heads"} ${told.join(", ")}${more}`;
  return `Without ${named} (layer.head), ${how === "mean" && heads.length === 1 ? "set to its mean" : HOW[how]}:`;
}

function Predicted({ what, labels, before, after, change }: Prediction) {
  return (
    <>
      {labels.length > 0 && (
        <table class="nbt-predicted">
          <thead>
            <tr>
              <th>{what}</th>
              <th>before</th>
              <th>after</th>
              <th>change</th>
            </tr>
          </thead>
          <tbody>
            {labels.map((label, at) => {
              const [then, now] = [before[at] ?? 0, after[at] ?? 0];
              return (
                // Two tokens may be spelled alike, as parts of a character are.
                <tr key={at}>
                  <td>
                    <bdi>{visible(label)}</bdi>
                  </td>
                  <td>
                    <ScoreBar score={then} colour="grey" />
                  </td>
                  <td>
                    <ScoreBar score={now} colour={now < then ? "orange" : "blue"} />
                  </td>
                  <td class="nbt-number">{`${now > then ? "+" : ""}${exactly(now - then, 3)}`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      <p
        class="nbt-aside"
        title="The mean over the tokens of 1 − cosine: of the logits where the model has a head, else of the last hidden states"
      >
        {`What the model gives moved by ${formatValue(change)}.`}
      </p>
    </>
  );
}

const FIELDS = [
  ["text", "Text"],
  ["pair_text", "Second text"],
  ["target_text", "Target text"],
] as const;

type Texts = Record<(typeof FIELDS)[number][0], string | null>;

/** The texts of the panel, to be changed; those that came clipped are asked for. */
function OtherText({ reading, channel }: { reading: Reading; channel: Channel }) {
  const { header } = reading;
  const [texts, setTexts] = useState<Texts>(header);
  const { state, ask } = useAction<unknown>(channel, reading);
  const whole = useAction<Texts>(channel, reading);
  useEffect(() => {
    setTexts(header);
    if (header.clipped) whole.ask("texts", {});
  }, [header]);
  const { state: came } = whole;
  useEffect(() => {
    if (came.kind === "answered") setTexts(came.answer);
  }, [came]);
  const params = () => ({ text: texts.text, pair: texts.pair_text, target: texts.target_text });
  const waiting = state.kind === "asking" || (header.clipped && came.kind !== "answered");
  const shown = came.kind === "answered" ? came.answer : header;
  const same = FIELDS.every(([key]) => texts[key] === shown[key]);
  return (
    <section aria-label="Another text">
      <h4>Another text</h4>
      {FIELDS.map(
        ([key, title]) =>
          texts[key] !== null && (
            <label key={key} class="nbt-whatif-text">
              <span>{title}</span>
              <textarea
                dir="auto"
                rows={Math.min(6, 1 + Math.ceil((texts[key] ?? "").length / 90))}
                value={texts[key] ?? ""}
                onInput={({ currentTarget }) => setTexts({ ...texts, [key]: currentTarget.value })}
                onKeyDown={(event) => event.stopPropagation()}
              />
            </label>
          ),
      )}
      <div class="nbt-tools">
        <button
          type="button"
          class="nbt-button nbt-button-outlined"
          disabled={waiting || same}
          onClick={() => ask("edit", params())}
        >
          Look at this text
        </button>
        <button
          type="button"
          class="nbt-button nbt-button-outlined"
          disabled={waiting || same}
          title="The weights of the text that is shown minus those of this one, between the tokens that both have"
          onClick={() => ask("against", params())}
        >
          Show the difference
        </button>
      </div>
      <Asked state={state} />
      <Asked state={came} />
    </section>
  );
}

function OtherModel({ reading, channel }: { reading: Reading; channel: Channel }) {
  const [model, setModel] = useState("");
  const { state, ask } = useAction<unknown>(channel, reading);
  return (
    <section aria-label="Another model">
      <h4>Another model or checkpoint</h4>
      <form
        class="nbt-tools"
        onSubmit={(event) => {
          event.preventDefault();
          if (model.trim()) ask("against", { model: model.trim() });
        }}
      >
        <span class="nbt-search">
          <input
            type="text"
            aria-label="A model's name or folder"
            placeholder="A model’s name or folder"
            value={model}
            onInput={({ currentTarget }) => setModel(currentTarget.value)}
            onKeyDown={(event) => event.stopPropagation()}
          />
        </span>
        <button
          type="submit"
          class="nbt-button nbt-button-outlined"
          disabled={model.trim() === "" || state.kind === "asking"}
        >
          Show the difference
        </button>
      </form>
      <Asked state={state} />
    </section>
  );
}
