// The parts of a matrix of texts: of each cell that is one pair, the texts come with it.
import type { Channel } from "../channel";
import { type Named, readNamed } from "../wire/vectors";
import { ask } from "./answers";
import { type Tile, Tiles } from "./tiles";

export type Order = "input" | "cluster";

export interface NamedTile extends Tile {
  /** The text of each cell; none where a cell is the mean of several. */
  rowNames: Named[];
  columnNames: Named[];
}

export type NamedTiles = Tiles<{ order: Order }, NamedTile>;

/** `whole` gives the matrix in an order, where it is here. */
export function namedTiles(channel: Channel | null, whole: ((order: Order) => NamedTile) | null): NamedTiles {
  return new Tiles(
    async (params, signal) => {
      const { rows, columns } = params;
      if (!channel) return new Promise(() => {});
      const { read } = await ask(channel, "tile", params, signal);
      const named = read.has("row");
      return {
        rows,
        columns,
        values: read.float32("values"),
        rowStarts: read.uint32("row_starts"),
        columnStarts: read.uint32("column_starts"),
        rowNames: named ? readNamed(read, "row") : [],
        columnNames: named ? readNamed(read, "column") : [],
      };
    },
    whole && (({ order }) => whole(order)),
  );
}

/** A matrix that is here, with its sides in another order. */
export function ordered(tile: NamedTile, rows: ArrayLike<number>, columns: ArrayLike<number>): NamedTile {
  const width = columns.length;
  const values = new Float32Array(tile.values.length);
  for (let row = 0; row < rows.length; row++) {
    for (let column = 0; column < width; column++) {
      values[row * width + column] = tile.values[
        (rows[row] as number) * width + (columns[column] as number)
      ] as number;
    }
  }
  const take = (names: Named[], order: ArrayLike<number>) =>
    Array.from(order, (number) => names[number] as Named);
  return {
    ...tile,
    values,
    rowNames: take(tile.rowNames, rows),
    columnNames: take(tile.columnNames, columns),
  };
}
