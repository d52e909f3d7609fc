// Embeddings and similarities on the wire: their rows are texts, and what is drawn of them comes beside.
import { checkHeader, type Header, type Sections } from "./sections";

export type Measure = "cosine" | "dot" | "euclidean" | "manhattan";

export interface VectorHeader extends Header {
  kind: "embed" | "similar";
  measure: Measure;
  /** The ways to draw a map that the kernel has. */
  maps: string[];
  /** The title and note of the map that came with the header, when one did. */
  first_map: MapFacts | null;
  /** A text whose nearest are asked for. */
  query: string | null;
  /** Of embeddings there is none. */
  matrix: MatrixShape | null;
}

export interface MatrixShape {
  rows: number;
  columns: number;
  /** The columns are other texts than the rows. */
  crosswise: boolean;
  /** The least and the most alike pair of two texts, as far as pairs were looked at. */
  low: number;
  high: number;
}

/** Texts on a plane. */
export interface PlaneMap {
  /** Two numbers a text; NaN for one that has no place. */
  points: Float32Array;
  /** The cluster of each text, 255 for none. */
  cluster: Uint8Array;
  /** How many texts a cluster has. */
  sizes: number[];
  /** How many that have a place are in none. */
  alone: number;
  title: string;
  /** What the picture does not show. */
  note: string;
}

export const NO_CLUSTER = 255;

export type MapFacts = Pick<PlaneMap, "title" | "note">;

export function readMap(facts: MapFacts, read: Sections): PlaneMap {
  const cluster = read.uint8("cluster");
  const points = read.float32("points");
  const sizes: number[] = [];
  let alone = 0;
  for (const [at, one] of cluster.entries())
    if (one !== NO_CLUSTER) sizes[one] = (sizes[one] ?? 0) + 1;
    else if (!Number.isNaN(points[2 * at])) alone++;
  return { points, cluster, sizes, alone, title: facts.title, note: facts.note };
}

/** A text in a list: its place in the input, its name, and as much of it as fits. */
export interface Named {
  position: number;
  index: string;
  text: string;
}

/** The texts `prefix` of an answer. */
export function readNamed(read: Sections, prefix: string): Named[] {
  const [texts, index] = [read.strings(`${prefix}_texts`), read.strings(`${prefix}_index`)];
  return Array.from(read.uint32(prefix), (position, at) => ({
    position,
    index: index.at(at),
    text: texts.at(at),
  }));
}

export function vectorHeader(header: Record<string, unknown>): VectorHeader {
  return checkHeader(header, ["embed", "similar"], ["maps"], "vectors");
}
