// Several heads and layers taken together: the mean over the heads of a layer, what all layers make of it, and one
// token on its way through them.
import { useMemo, useState } from "preact/hooks";
import { type MapTile, type MapTiles, mostOf, mostOfRows } from "../rows/attentiontiles";
import { flowOf } from "../rows/rollout";
import { eachPlace } from "../rows/tiles";
import { useAsked } from "./asking";
import { AttentionMatrix, formatWeight, MapLegend, paintOf, STRETCHES, shortly } from "./attentionmatrix";
import { HeadBar } from "./headbar";
import { HeatPlane, useHeat } from "./heat";
import { Token } from "./linesreadout";
import type { ViewProps } from "./looking";
import { NoticeStrip } from "./notices";
import { ScaleChoice } from "./scale";
import { Segments } from "./segments";
import { TokenStepper } from "./tokenstepper";

type What = "mean" | "rollout" | "flow";
type Direction = "from" | "to";

interface SummaryProps extends ViewProps {
  tiles: MapTiles;
}

export function AttentionSummary(props: SummaryProps) {
  const { reading, look, setLook, tiles } = props;
  const { part, layer } = look;
  const [wish, setWhat] = useState<What>("mean");
  const rolls = part.part !== "cross" && !reading.header.signed;
  const what = rolls ? wish : "mean";
  const map = { reading, look, tiles, pooling: "max" as const };
  return (
    <>
      <HeadBar
        reading={reading}
        look={look}
        setLook={setLook}
        choices={[
          ...(what === "mean" ? ["layer" as const] : []),
          ...(what === "flow" ? [] : ["tokens" as const]),
        ]}
      >
        {rolls && (
          <Segments
            label="Summary"
            options={[
              ["mean", "Mean of heads", "The mean over the heads of a layer"],
              ["rollout", "Rollout", "How much of each token is in each, after all layers"],
              ["flow", "Flow of a token", "One token on its way through the layers"],
            ]}
            chosen={what}
            onChoose={(key) => setWhat(key)}
          />
        )}
        <ScaleChoice look={look} setLook={setLook} />
      </HeadBar>
      {what === "mean" && (
        <AttentionMatrix
          key="mean"
          label={`Mean over the heads of layer ${layer}`}
          source={{ layer, head: "mean" }}
          {...map}
        />
      )}
      {what === "rollout" && (
        <>
          <AttentionMatrix
            key="rollout"
            label="Rollout over all layers"
            name="Share"
            source={{ layer: "rollout", head: "mean" }}
            {...map}
          />
          <p class="nbt-map-note nbt-aside">
            In each layer half of a token is what it was before, and half what the mean of the heads attends
            to; the shares are multiplied layer by layer (Abnar &amp; Zuidema, 2020).
          </p>
        </>
      )}
      {what === "flow" && <Flow {...props} />}
    </>
  );
}

interface FlowAnswer {
  tile: MapTile;
  /** In stretches of several tokens. */
  sampled: boolean;
}

/** How much of a token is in each other after every layer, or of each other in it. */
function Flow({ reading, look, setLook, ask, kept }: SummaryProps) {
  const { part, scale } = look;
  const tokens = reading.keys(part);
  const [direction, setDirection] = useState<Direction>("from");
  const token = Math.min(look.pinned ?? 0, tokens.count - 1);
  const params = { part: part.part, token, direction };
  const here = useMemo(
    () =>
      reading.isWhole(part)
        ? answerOf(flowOf(reading, part, token, direction), eachPlace(part.queries), part.layers, false)
        : null,
    [reading, part, token, direction],
  );
  const asked = useAsked(kept, here ? null : `flow ${Object.values(params)}`, async (signal) => {
    const { result, read } = await ask<{ sampled: boolean }>("flow", params, signal);
    return answerOf(read.float32("share"), read.uint32("starts"), part.layers, result.sampled);
  });
  const answer = here ?? asked.answer;
  const to = (next: number) =>
    next >= 0 && next < tokens.count ? () => setLook({ pinned: next }) : undefined;
  return (
    <>
      <div class="nbt-tools">
        <TokenStepper label="token" onBack={to(token - 1)} onOn={to(token + 1)}>
          <Token text={tokens.at(token)?.text ?? "…"} />
          <span class="nbt-lines-place">{token}</span>
        </TokenStepper>
        <Segments
          label="Direction"
          options={[
            ["from", "Where it goes", "How much of this token is in each"],
            ["to", "What is in it", "How much of each token is in this one"],
          ]}
          chosen={direction}
          onChoose={(key) => setDirection(key)}
        />
      </div>
      <NoticeStrip notice={asked.notice} retry={asked.retry} />
      {answer && (
        <FlowMap
          key={part.part}
          reading={reading}
          look={look}
          scale={scale}
          answer={answer}
          direction={direction}
          onFollow={(next) => setLook({ pinned: next })}
        />
      )}
    </>
  );
}

function answerOf(values: Float32Array, starts: Uint32Array, layers: number, sampled: boolean): FlowAnswer {
  const [cells, stop] = [starts.length - 1, starts.at(-1) ?? 0];
  const tile: MapTile = {
    rows: [0, layers, layers],
    columns: [0, stop, cells],
    values,
    rowStarts: eachPlace(layers),
    columnStarts: starts,
    sampled: false,
    rowMost: mostOfRows(values, layers),
    most: mostOf(values),
  };
  return { tile, sampled };
}

interface FlowMapProps extends Pick<ViewProps, "reading" | "look"> {
  scale: ViewProps["look"]["scale"];
  answer: FlowAnswer;
  direction: Direction;
  onFollow(token: number): void;
}

const STILL = { changed: () => {}, dispose: () => {} };
const ROW_PX = 26;

function FlowMap({ reading, look, scale, answer, direction, onFollow }: FlowMapProps) {
  const { part } = look;
  const tokens = reading.keys(part);
  const { tile, sampled } = answer;
  const shape = {
    rows: part.layers,
    columns: part.keys,
    square: false,
    height: Math.max(120, Math.min(420, part.layers * ROW_PX)),
    left: 70,
    top: 84,
  };
  const heat = useHeat<MapTile>(shape, STILL, () => [tile]);
  const paint = paintOf(scale, tile.most, false);
  const { found } = heat;
  const column = found?.columns[0] ?? 0;
  const [of, into] = direction === "from" ? ["of this token in", ""] : ["of", "in this token"];
  const label = direction === "from" ? "Where a token goes" : "What is in a token";
  return (
    <section class="nbt-matrix nbt-map" aria-label={label}>
      <MapLegend name="Share" scale={scale} most={tile.most} paint={paint} told={null} />
      <HeatPlane
        label={label}
        heat={heat}
        picture={{
          paint,
          rowName: (at) => `layer ${at}`,
          columnName: (at) => shortly(tokens, { start: at, stop: at + 1 }),
          epoch: tile,
        }}
      >
        <div class={found ? "nbt-readout" : "nbt-readout nbt-muted"} aria-live="polite">
          {found ? (
            <>
              <span class="nbt-value-big">{formatWeight(found.value)}</span>
              <span>
                {`${of} `}
                <Token text={shortly(tokens, { start: column, stop: column + 1 })} />
                {` (${column}) ${into} after layer ${found.rows[0]}`}
              </span>
              {heat.pinned && (
                <button type="button" class="nbt-button nbt-button-outlined" onClick={() => onFollow(column)}>
                  Follow this token
                </button>
              )}
            </>
          ) : (
            "Point at a cell, or walk with the arrow keys."
          )}
          {sampled && <span class="nbt-aside">{STRETCHES}</span>}
        </div>
      </HeatPlane>
    </section>
  );
}
