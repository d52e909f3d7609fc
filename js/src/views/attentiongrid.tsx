// All heads of a part at a glance: coloured by their weights or by a measure, in order or sorted, each opened by a click.
import { useEffect, useState } from "preact/hooks";
import { isAbort } from "../channel";
import { formatCount, formatValue } from "../text";
import type { PartFacts, Reading, Refined } from "../wire/attention";
import { type HeadAt, HeadGrid, WEIGHTS } from "./headgrid";
import type { ViewProps } from "./looking";
import { Segments } from "./segments";
import { Select } from "./select";

/** What is measured of a head: its name, its unit, and what it says. */
const MEASURES: Record<string, [name: string, unit: string, help: string]> = {
  entropy: ["Entropy", "nats", "how widely a token looks: 0 is at one token alone"],
  distance: ["Mean distance", "tokens", "how far away the tokens are that it looks at"],
  special: ["On special tokens", "", "share of the weight on tokens such as [SEP]"],
  previous: ["On the previous token", "", "share of the weight on the token before"],
  next: ["On the next token", "", "share of the weight on the token behind"],
  first: ["On the first token", "", "share of the weight on the first token"],
  induction: ["Induction", "", "share of the weight on what stood behind the same token before"],
};

export function measureName(name: string): string {
  return MEASURES[name]?.[0] ?? name;
}

interface AttentionGridProps extends ViewProps {
  /** Open the map of a head. */
  onOpen(head: HeadAt): void;
}

export function AttentionGrid({ reading, look, setLook, ask, onOpen }: AttentionGridProps) {
  const { part } = look;
  const [colour, setColour] = useState(WEIGHTS);
  const [sort, setSort] = useState("order");
  const [pointed, setPointed] = useState<HeadAt | null>(null);
  const refined = useRefined(reading, part, ask);
  const measures = reading.header.measures.filter((name) => isMeasured(reading, part, name));
  const named = measures.map((name) => [name, measureName(name)] as const);
  const shown = pointed ?? { layer: look.layer, head: look.head };
  return (
    <section class="nbt-matrix nbt-map" aria-label="All heads">
      <div class="nbt-tools nbt-map-tools">
        <Select
          label="Colour"
          options={[[WEIGHTS, "Weights"], ...named]}
          chosen={colour}
          onChoose={setColour}
        />
        <Select
          label="Order"
          options={[["order", "Layer and head"], ...named]}
          chosen={sort}
          onChoose={setSort}
        />
        {colour === WEIGHTS && !reading.header.signed && (
          <Segments
            label="Scale"
            options={[
              ["linear", "Linear"],
              ["log", "Log", "By their logarithm, so that small weights are told apart too"],
            ]}
            chosen={look.scale === "log" ? "log" : "linear"}
            onChoose={(scale) => setLook({ scale })}
          />
        )}
        <SampledNote reading={reading} part={part} refined={refined} />
      </div>
      <div class="nbt-looking nbt-looking-heads">
        <HeadGrid
          label={`Heads of ${reading.header.title}`}
          reading={reading}
          part={part}
          colour={measures.includes(colour) ? colour : WEIGHTS}
          sort={measures.includes(sort) ? sort : null}
          log={look.scale === "log"}
          current={look}
          epoch={refined}
          onPoint={setPointed}
          onOpen={onOpen}
        />
        <HeadFacts reading={reading} part={part} measures={measures} {...shown} />
      </div>
    </section>
  );
}

function isMeasured(reading: Reading, part: PartFacts, name: string): boolean {
  for (let layer = 0; layer < part.layers; layer++)
    for (let head = 0; head < part.heads; head++)
      if (!Number.isNaN(reading.measure(part, name, layer, head))) return true;
  return false;
}

interface HeadFactsProps extends HeadAt {
  reading: Reading;
  part: PartFacts;
  measures: readonly string[];
}

/** What is known of one head. */
function HeadFacts({ reading, part, measures, layer, head }: HeadFactsProps) {
  return (
    <div class="nbt-readout nbt-head-facts" aria-live="polite">
      <strong>{`Layer ${layer} · head ${head}`}</strong>
      <dl>
        {measures.map((name) => {
          const [title, unit, help] = MEASURES[name] ?? [name, "", ""];
          const value = reading.measure(part, name, layer, head);
          return (
            <div key={name} title={help}>
              <dt>{title}</dt>
              <dd>{Number.isNaN(value) ? "–" : `${formatValue(value)} ${unit}`}</dd>
            </div>
          );
        })}
        <div title="the greatest weight that the picture shows">
          <dt>Greatest weight</dt>
          <dd>{formatValue(reading.greatest(part, layer, head))}</dd>
        </div>
      </dl>
    </div>
  );
}

/** What stands for all tokens, and that more of them are on their way. */
function SampledNote({ reading, part, refined }: { reading: Reading; part: PartFacts; refined: number }) {
  const counts = Array.from({ length: part.layers }, (_, layer) => reading.sampled(part, layer));
  const known = counts.filter((count) => count !== null);
  if (known.length === 0) return null;
  const least = Math.min(...known);
  const going =
    refined > 0 && refined < part.layers ? ` · looking closer: layer ${refined} of ${part.layers}` : "";
  return (
    <span class="nbt-aside" role="note">
      {`from ${formatCount(least)} of ${formatCount(part.queries)} tokens${going}`}
    </span>
  );
}

/** Whoever opens a head at once is not kept waiting. */
const IDLE_MS = 1_000;

/** A long text's heads are looked at more closely, a layer at a time, while they are in sight; how many are done. */
function useRefined(reading: Reading, part: PartFacts, ask: ViewProps["ask"]): number {
  const [done, setDone] = useState(0);
  useEffect(() => {
    setDone(0);
    const controller = new AbortController();
    const look = async () => {
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      for (let layer = 0; layer < part.layers && !controller.signal.aborted; layer++) {
        if (reading.sampled(part, layer) !== null && !reading.isRefined(part, layer)) {
          const params = { part: part.part, layer };
          const { result, read } = await ask<Refined>("measures", params, controller.signal);
          reading.refine(part, result, read);
        }
        setDone(layer + 1);
      }
    };
    look().catch((error) => {
      // What came with the header stays, and says what it is.
      if (!isAbort(error)) setDone(0);
    });
    return () => controller.abort();
  }, [reading, part, ask]);
  return done;
}
