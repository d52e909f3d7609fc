// An explanation: the text in the colours of what each word adds to a prediction, method beside method.
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import { EVERYTHING } from "../query/texts";
import { stretch } from "../rows/source";
import { Selection } from "../selection";
import { formatShare, formatValue, plural } from "../text";
import { ExportBar, ExportButton } from "../views/export";
import { ErrorStrip } from "../views/notices";
import { Segments } from "../views/segments";
import { SelectedCount } from "../views/selectedcount";
import { SignedBars } from "../views/signedbars";
import { SignedLegend, SignedText, signed } from "../views/signedtext";
import { StopButton } from "../views/stop";
import { Toggle } from "../views/toggle";
import { Explained, type ExplainHeader, explainHeader, type Target, type Unit } from "../wire/explain";
import type { ResultProps } from "./panel";
import { Result } from "./rowtable";

type Look = "text" | "bars";
type By = "words" | "tokens";

export function ExplainPanel(props: ResultProps) {
  const { header: raw, payload, channel, progress, selection, select, stop } = props;
  const [header, explained] = useMemo(() => {
    const header = explainHeader(raw);
    return [header, new Explained(header, payload)];
  }, [raw, payload]);
  const [look, setLook] = useState<Look>("text");
  const [by, setBy] = useState<By>("words");
  const [special, setSpecial] = useState(false);
  const [hovered, setHovered] = useState<number | null>(null);
  const [exporting, setExporting] = useState(false);
  const units = explained[by];
  const shown = useMemo(
    () => units.map((_, at) => at).filter((at) => special || !units[at]?.special),
    [units, special],
  );
  // Another explanation has other words.
  useLayoutEffect(() => setHovered(null), [units]);
  const scales = useMemo(
    () =>
      header.methods.map((_, method) =>
        Math.max(0, ...shown.map((at) => Math.abs(units[at]?.values[method] ?? 0))),
      ),
    [header, shown, units],
  );
  const selected = useMemo(() => Selection.of(selection), [selection]);
  const isSelected = ({ tokens: [start, stop] }: Unit) =>
    stretch(start, stop).some((token) => selected.has(token));
  const onToggle = (unit: Unit) => {
    const tokens = stretch(...unit.tokens);
    select((isSelected(unit) ? selected.without(tokens) : selected.with(tokens)).toArray());
  };
  const marks = { hovered, onHover: setHovered, isSelected, onToggle };
  const view = { units, shown, scales, methods: header.methods, ...marks };
  return (
    <Result rows={{ header, progress: header.partial ? progress : null }}>
      <Question
        key={`${header.target.asked} ${header.depth}`}
        header={header}
        channel={channel}
        busy={progress !== null}
      />
      {header.partial && progress?.stop && (
        <div class="nbt-explain-stop">
          <StopButton stop={stop} />
        </div>
      )}
      <nav class="nbt-explain-tools" aria-label="Views">
        <Segments<Look>
          label="Show as"
          options={[
            ["text", "Text"],
            ["bars", "Bars"],
          ]}
          chosen={look}
          onChoose={setLook}
        />
        <Segments<By>
          label="By"
          options={[
            ["words", "Words", "The tokens of a word summed"],
            ["tokens", "Tokens", "As the model reads them"],
          ]}
          chosen={by}
          onChoose={setBy}
        />
        <Toggle pressed={special} onToggle={setSpecial}>
          Special tokens
        </Toggle>
        {selected.size > 0 && (
          <SelectedCount said={`${plural(selected.size, "token")} selected`} clear={() => select([])} />
        )}
        <ExportButton open={exporting} disabled={header.partial} onToggle={setExporting} />
      </nav>
      {exporting && (
        <ExportBar
          channel={channel}
          query={EVERYTHING}
          rows={header.rows}
          found={header.rows}
          selected={selected.size}
          each="token"
        />
      )}
      {look === "text" ? <SignedText {...view} /> : <SignedBars {...view} />}
      <SignedLegend name={header.target.name} />
      <Readout {...view} />
    </Result>
  );
}

type ReadoutProps = Parameters<typeof SignedText>[0];

/** What each method says of the word under the pointer; it keeps its room, so that nothing moves. */
function Readout({ units, methods, hovered }: ReadoutProps) {
  const unit = hovered === null ? undefined : units[hovered];
  return (
    <output class="nbt-explain-readout" aria-live="polite">
      {unit ? (
        <>
          <bdi>{unit.name}</bdi>
          {methods.map(({ name, title }, method) => (
            <span key={name}>
              {title} <b>{signed(unit.values[method] ?? 0)}</b>
            </span>
          ))}
        </>
      ) : (
        "Point at a word for its numbers; press one to select it."
      )}
    </output>
  );
}

interface QuestionProps {
  header: ExplainHeader;
  channel: Channel;
  /** Another explanation is on its way. */
  busy: boolean;
}

/** What is explained, what could be instead, and by which methods. */
function Question({ header, channel, busy }: QuestionProps) {
  const { target, targets, methods, known, again, depth } = header;
  const [problem, setProblem] = useState("");
  const [typed, setTyped] = useState("");
  const done = methods.map(({ name }) => name);
  const ask = (method: string, params: object) => {
    setProblem("");
    channel.request(method, params, { timeoutMs: Number.POSITIVE_INFINITY }).catch((error) => {
      if (!isAbort(error)) setProblem(messageOf(error));
    });
  };
  const others = targets.filter(({ asked }) => asked !== target.asked);
  return (
    <section class="nbt-explain-question" aria-label="What is explained">
      <p class="nbt-explain-why">
        Why <strong dir="auto">{visible(target)}</strong>?{" "}
        <span class="nbt-explain-aside">
          {WHAT[target.kind]} · logit {formatValue(target.logit)}
          {target.probability !== null && ` · probability ${formatShare(target.probability, 1)}`}
        </span>
      </p>
      {again && (
        <div class="nbt-explain-ask">
          {depth > 0 && (
            <button
              type="button"
              class="nbt-button nbt-button-outlined"
              disabled={busy}
              onClick={() => ask("back", {})}
            >
              ← Back
            </button>
          )}
          {others.length > 0 && (
            <label>
              <span>Why not</span>
              <select
                disabled={busy}
                value=""
                onKeyDown={(event) => event.stopPropagation()}
                onChange={(event) => ask("again", { target: event.currentTarget.value, methods: done })}
              >
                <option value="" disabled>
                  {plural(others.length, "other")}…
                </option>
                {others.map((other) => (
                  <option key={other.asked} value={other.asked}>
                    {optionOf(other)}
                  </option>
                ))}
              </select>
            </label>
          )}
          {target.kind !== "label" && (
            <form
              onSubmit={(event) => {
                event.preventDefault();
                if (typed.trim()) ask("again", { target: typed, methods: done });
              }}
            >
              <input
                type="text"
                placeholder={PLACEHOLDERS[target.kind]}
                aria-label="Another target"
                value={typed}
                dir="auto"
                spellcheck={false}
                autocomplete="off"
                disabled={busy}
                onInput={(event) => setTyped(event.currentTarget.value)}
                onKeyDown={(event) => event.stopPropagation()}
              />
              <button type="submit" class="nbt-button nbt-button-outlined" disabled={busy || !typed.trim()}>
                Explain
              </button>
            </form>
          )}
          <fieldset class="nbt-segments" aria-label="Methods">
            {known.map(([name, title]) => {
              const isDone = done.includes(name);
              const rest = done.filter((one) => one !== name);
              return (
                <button
                  key={name}
                  type="button"
                  class="nbt-segment"
                  aria-pressed={isDone}
                  disabled={busy || (isDone && rest.length === 0)}
                  title={isDone ? `Leave ${title.toLowerCase()} out` : `Compare with ${title.toLowerCase()}`}
                  onClick={() =>
                    ask("again", { target: target.asked, methods: isDone ? rest : [...done, name] })
                  }
                >
                  {title}
                </button>
              );
            })}
          </fieldset>
        </div>
      )}
      {problem && <ErrorStrip message={problem} />}
    </section>
  );
}

const WHAT: Record<Target["kind"], string> = {
  label: "label of the text",
  span: "labels of a span",
  answer: "answer",
  next: "next token",
  mask: "token at the mask",
};

const PLACEHOLDERS: Record<Target["kind"], string> = {
  label: "",
  span: "a piece of the text, or piece=LABEL",
  answer: "another piece of the text",
  next: "another word",
  mask: "another word",
};

/** A token often begins with a space, which is part of it. */
function visible({ kind, name }: Target): string {
  if (kind !== "next" && kind !== "mask") return name;
  return name.replace(/ /g, "·").replace(/\n/g, "↵").replace(/\t/g, "⇥") || "(nothing)";
}

function optionOf(target: Target): string {
  const sure = target.probability === null ? formatValue(target.logit) : formatShare(target.probability, 1);
  return `${visible(target)} (${sure})`;
}
