// How alike texts are, as a heat map.
import { useState } from "preact/hooks";
import type { NamedTile, NamedTiles, Order } from "../rows/namedtiles";
import { endsOf } from "../rows/tiles";
import { formatCount, formatValue } from "../text";
import type { MatrixShape, Measure, Named } from "../wire/vectors";
import { type Found, type Heat, HeatPlane, useHeat } from "./heat";
import { exactly, NamedText } from "./named";
import { WaitStrip } from "./notices";
import { Segments } from "./segments";

interface MatrixProps {
  label: string;
  shape: MatrixShape;
  measure: Measure;
  tiles: NamedTiles;
  /** Show what is nearest to a row. */
  onNear(text: Named): void;
}

export function Matrix({ label, shape, measure, tiles, onNear }: MatrixProps) {
  const [order, setOrder] = useState<Order>("input");
  const { rows, columns, crosswise } = shape;
  const heat = useHeat<NamedTile>(
    // Against each other, each text stands on both sides.
    { rows, columns, square: !crosswise, height: 460, left: 180, top: 90 },
    tiles,
    (areas) => tiles.want({ order }, areas),
  );
  const [low, high] = scaleOf(shape, heat);
  const picture = {
    paint: {
      key: `${low} ${high}`,
      ramp: "ramp",
      share: (value: number) => (high > low ? (value - low) / (high - low) : 1),
    },
    rowName: (at: number) => lineOf(textAt(heat.here, "row", at)),
    columnName: (at: number) => lineOf(textAt(heat.here, "column", at)),
    epoch: order,
  };
  return (
    <section class="nbt-matrix" aria-label={label}>
      <div class="nbt-tools">
        <Segments
          label="Order"
          options={[
            ["input", "Input order"],
            ["cluster", "By cluster"],
          ]}
          chosen={order}
          onChoose={(next) => {
            setOrder(next);
            heat.unpin();
          }}
        />
        <span class="nbt-ramp">
          <span>{MEASURES[measure]}</span>
          <span>{formatValue(low)}</span>
          <i aria-hidden="true" />
          <span>{formatValue(high)}</span>
        </span>
      </div>
      {tiles.problem && <WaitStrip message={tiles.problem} retry={() => tiles.retry()} />}
      <HeatPlane label={label} heat={heat} picture={picture}>
        <Readout
          found={heat.found}
          pinned={heat.pinned}
          shape={shape}
          waiting={tiles.waiting}
          onNear={onNear}
        />
      </HeatPlane>
    </section>
  );
}

const MEASURES: Record<Measure, string> = {
  cosine: "Cosine",
  dot: "Dot product",
  euclidean: "Minus the distance",
  manhattan: "Minus the Manhattan distance",
};

/** What the two ends of the colours stand for: of pairs, or of means, which lie closer together. */
function scaleOf({ low, high }: MatrixShape, { here, exact }: Heat<NamedTile>): [number, number] {
  const [first] = here;
  return exact || here.at(-1)?.rowNames.length || !first ? [low, high] : endsOf(first);
}

/** The text at a place of a side, where a tile that is here has it. */
function textAt(here: readonly NamedTile[], side: "row" | "column", at: number): Named | undefined {
  for (const tile of here) {
    const [start, stop] = tile[`${side}s`];
    if (at >= start && at < stop && tile[`${side}Names`].length > 0) return tile[`${side}Names`][at - start];
  }
  return undefined;
}

function lineOf(named: Named | undefined): string | undefined {
  return named && (named.text.trim() || named.index);
}

interface ReadoutProps {
  found: Found<NamedTile> | null;
  pinned: boolean;
  shape: MatrixShape;
  waiting: boolean;
  onNear(text: Named): void;
}

function Readout({ found, pinned, shape, waiting, onNear }: ReadoutProps) {
  if (!found) {
    return (
      <div class="nbt-readout nbt-muted">
        {waiting ? "Waiting for the kernel…" : "Point at a cell, or walk with the arrow keys."}
      </div>
    );
  }
  const { rows, columns, value, tile } = found;
  const [row, column] = [textAt([tile], "row", rows[0]), textAt([tile], "column", columns[0])];
  return (
    <div class="nbt-readout" aria-live="polite">
      <span class="nbt-value-big">{exactly(value)}</span>
      {row && column ? (
        <div class={pinned ? "nbt-pair nbt-pair-whole" : "nbt-pair"}>
          <NamedText text={row} />
          <NamedText text={column} />
        </div>
      ) : (
        <span>
          {`the mean of ${formatCount((rows[1] - rows[0]) * (columns[1] - columns[0]))} pairs: zoom in to see them`}
        </span>
      )}
      {pinned && row && (
        <span class="nbt-tools">
          <button type="button" class="nbt-button nbt-button-outlined" onClick={() => onNear(row)}>
            Nearest to the first
          </button>
          {!shape.crosswise && column && (
            <button type="button" class="nbt-button nbt-button-outlined" onClick={() => onNear(column)}>
              Nearest to the second
            </button>
          )}
        </span>
      )}
    </div>
  );
}
