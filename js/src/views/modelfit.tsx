// Whether a model fits: the memory of inference and of each way to fine-tune it, for a batch that can be changed.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort, messageOf } from "../channel";
import type { Fit } from "../wire/models";
import { ColumnHeads } from "./columnheads";
import { useId } from "./id";
import { Mark } from "./mark";
import { Scrolled } from "./scrolled";
import { WithCode } from "./withcode";

/** Whoever types on within this time asks nothing: to count takes seconds. */
const PAUSE_MS = 500;
const USUAL_BATCH = 16;

interface FitProps {
  name: string;
  /** What the load gate says, which need not be said twice. */
  gate: string;
  /** Whether it is being fetched, beside which to count takes longer. */
  isComing: boolean;
  channel: Channel;
}

export function ModelFit({ name, gate, isComing, channel }: FitProps) {
  const [batch, setBatch] = useState("");
  const [length, setLength] = useState("");
  const { fit, isAsking, problem } = useFit(channel, name, batch, length);
  return (
    <section class="nbt-models-fit" aria-label="Does it fit?" aria-busy={isAsking}>
      <h4>Does it fit?</h4>
      <div class="nbt-tools">
        <NumberField
          label="Texts at once"
          value={batch}
          usual={fit?.batch_size ?? USUAL_BATCH}
          onType={setBatch}
        />
        <NumberField label="Tokens of each" value={length} usual={fit?.length ?? null} onType={setLength} />
        <span class="nbt-aside" role="status">
          {isAsking && (isComing ? "Counting, which takes longer beside a download…" : "Counting…")}
        </span>
      </div>
      {problem !== null && problem !== gate && (
        <p class="nbt-bad" role="alert">
          <WithCode text={problem} />
        </p>
      )}
      {problem === gate && <p class="nbt-aside">Nobody can tell before the load gate lets it pass.</p>}
      {problem === null && fit && <Told fit={fit} />}
    </section>
  );
}

function Told({ fit }: { fit: Fit }) {
  const [, needs, ...parts] = fit.heads.slice(0, -1);
  return (
    <>
      <p>
        <WithCode text={fit.advice} />
      </p>
      {fit.rows.length > 0 && (
        <>
          <p class="nbt-aside">{fit.title}.</p>
          <Scrolled label="Memory">
            <table class="nbt-plain-table">
              <ColumnHeads names={["For", "Fits", needs ?? "", ...parts]} />
              <tbody>
                {fit.rows.map(({ cells, fits, share }) => (
                  <tr key={cells[0]}>
                    <th scope="row">{cells[0]}</th>
                    <td>
                      <Mark isGood={fits} /> {fits ? "yes" : "no"}
                      <i
                        class={fits ? "nbt-models-yes" : "nbt-bad"}
                        style={{ "--share": Math.min(1, share) }}
                        title={`${Math.round(100 * share)}% of what is free`}
                      />
                    </td>
                    {cells.slice(1, -1).map((cell, at) => (
                      <td key={at} class="nbt-number">
                        {cell}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </Scrolled>
        </>
      )}
      {fit.notes.map((note) => (
        <p key={note} class="nbt-aside">
          <WithCode text={note} />
        </p>
      ))}
    </>
  );
}

interface NumberProps {
  label: string;
  value: string;
  usual: number | null;
  onType(value: string): void;
}

function NumberField({ label, value, usual, onType }: NumberProps) {
  const id = useId("number");
  return (
    <span class="nbt-models-typed">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        min={1}
        step={1}
        placeholder={usual === null ? "" : String(usual)}
        value={value}
        onInput={({ currentTarget }) => onType(currentTarget.value)}
      />
    </span>
  );
}

/** What was counted last stays until what is asked for has come. */
function useFit(channel: Channel, name: string, batch: string, length: string) {
  const [fit, setFit] = useState<Fit | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(true);
  const isFirst = useRef(true);
  useEffect(() => {
    const ended = new AbortController();
    setAsking(true);
    setProblem(null);
    const ask = () => {
      const params = { name, batch_size: numberOf(batch), length: numberOf(length) };
      const options = { signal: ended.signal, timeoutMs: Number.POSITIVE_INFINITY };
      channel
        .request<Fit>("fit", params, options)
        .then(({ result }) => setFit(result))
        .catch((error) => {
          if (!isAbort(error)) setProblem(messageOf(error));
        })
        .finally(() => {
          if (!ended.signal.aborted) setAsking(false);
        });
    };
    const timer = setTimeout(ask, isFirst.current ? 0 : PAUSE_MS);
    isFirst.current = false;
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [channel, name, batch, length]);
  return { fit, isAsking, problem };
}

/** Null is as usual; what is no number of texts is for the kernel to refuse. */
function numberOf(typed: string): number | null {
  return typed === "" ? null : Number(typed);
}
