// The parts of an attention map: made here where the header holds all its weights, else asked for.
import type { PartFacts, PartName, Reading } from "../wire/attention";
import type { Section, Sections } from "../wire/sections";
import { meanOf, rollouts } from "./rollout";
import { eachPlace, type Stretch, type Tile, Tiles } from "./tiles";

/** From a token to before another: what is shown as one line of a map. */
export interface Place {
  start: number;
  stop: number;
}

export type Pooling = "max" | "mean";

/** Which map: of a head, the mean over the heads of a layer, or what all layers together make of it. */
export interface Source {
  layer: number | "rollout";
  head: number | "mean";
}

/** A map, as the kernel is asked for its parts. */
export interface MapParams extends Source {
  part: PartName;
  pooling: Pooling;
  hide_special?: true;
  words?: true;
  /** The greatest of each row is asked for too. */
  row_most?: true;
}

export interface MapTile extends Tile {
  /** Taken from some of its rows. */
  sampled: boolean;
  /** The greatest size of a value in each row of cells, wherever in the row it stands. */
  rowMost: Float32Array;
  /** The greatest size of a value. */
  most: number;
}

export type MapTiles = Tiles<MapParams, MapTile>;

export type Asker = <T>(
  method: string,
  params: object,
  signal: AbortSignal,
) => Promise<{ result: T & { sections: Section[] }; read: Sections }>;

/** `places` gives the lines of both sides of a map. */
export function mapTiles(
  reading: Reading,
  ask: Asker,
  places: (params: MapParams) => [rows: Place[], columns: Place[]],
): MapTiles {
  return new Tiles(
    async (params, signal) => {
      const { result, read } = await ask<{ sampled?: boolean }>("tile", params, signal);
      const values = read.float32("values");
      const [rowStarts, columnStarts] = [read.uint32("row_starts"), read.uint32("column_starts")];
      // A rollout of a long text is told in larger stretches than it was asked for.
      const [rows, columns] = [stretchOf(rowStarts), stretchOf(columnStarts)];
      const rowMost = read.has("row_most")
        ? read.float32("row_most")
        : mostOfRows(values, rowStarts.length - 1);
      const tile = { rows, columns, values, rowStarts, columnStarts, rowMost, most: mostOf(values) };
      return { ...tile, sampled: result.sampled === true };
    },
    (params) => {
      const part = reading.header.parts.find(({ part }) => part === params.part);
      if (!part || !reading.isWhole(part)) return null;
      const [rows, columns] = places(params);
      const values = grouped(wholeOf(reading, part, params), part.keys, rows, columns);
      return {
        rows: [0, rows.length, rows.length],
        columns: [0, columns.length, columns.length],
        values,
        rowStarts: eachPlace(rows.length),
        columnStarts: eachPlace(columns.length),
        sampled: false,
        rowMost: mostOfRows(values, rows.length),
        most: mostOf(values),
      };
    },
    // A cell of many weights is dear: whoever zooms on passes it by.
    ({ rows: [start, stop, cells], quick }) => (quick || stop - start <= cells * FEW ? 0 : PATIENCE_MS),
  );
}

/** So many rows a cell are soon looked at. */
const FEW = 2;
const PATIENCE_MS = 300;

function stretchOf(starts: Uint32Array): Stretch {
  return [starts[0] ?? 0, starts.at(-1) ?? 0, starts.length - 1];
}

/** `[query, key]` of a map. */
export function wholeOf(reading: Reading, part: PartFacts, { layer, head }: Source): Float32Array {
  if (layer === "rollout") return rollouts(reading, part).at(-1) ?? new Float32Array();
  if (head === "mean") return meanOf(reading, part, layer);
  return reading.weights(part, layer, head) ?? new Float32Array();
}

/** To a word goes the sum of what its tokens get, from a word the mean of what they give. */
export function grouped(
  weights: Float32Array,
  keys: number,
  rows: readonly Place[],
  columns: readonly Place[],
): Float32Array {
  const values = new Float32Array(rows.length * columns.length);
  rows.forEach((row, r) => {
    columns.forEach((column, c) => {
      let sum = 0;
      for (let query = row.start; query < row.stop; query++)
        for (let key = column.start; key < column.stop; key++) sum += weights[query * keys + key] ?? 0;
      values[r * columns.length + c] = sum / (row.stop - row.start);
    });
  });
  return values;
}

export function mostOf(values: Float32Array): number {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most;
}

export function mostOfRows(values: Float32Array, rows: number): Float32Array {
  const width = values.length / Math.max(1, rows);
  return Float32Array.from({ length: rows }, (_, row) =>
    mostOf(values.subarray(row * width, (row + 1) * width)),
  );
}
