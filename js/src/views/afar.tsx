// A long text from afar, beside its column: where the weight of a query goes, and which part is in sight.
import { useMemo } from "preact/hooks";
import { fromAfar, type Place } from "./edges";
import { meanRow, type Rows } from "./weights";

interface AfarProps {
  /** The weights of the query that is looked at, when there is one. */
  row: Rows | null;
  places: readonly Place[];
  sight: readonly [first: number, last: number];
  height: number;
  onGo(place: number): void;
}

const WIDTH_PX = 14;
const STRETCH_PX = 3;

export function Afar({ row, places, sight, height, onGo }: AfarProps) {
  const stretches = Math.floor(height / STRETCH_PX);
  const weights = useMemo(
    () => (row ? fromAfar(meanRow(row), places, stretches) : []),
    [row, places, stretches],
  );
  const most = Math.max(...weights, 0);
  const each = height / Math.max(1, weights.length);
  const y = (place: number) => (place / places.length) * height;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the column itself is walked through by keys
    <svg
      class="nbt-lines-afar"
      width={WIDTH_PX}
      height={height}
      role="img"
      aria-label="The whole text from afar"
      onClick={({ currentTarget, clientY }) => {
        const share = (clientY - currentTarget.getBoundingClientRect().top) / height;
        onGo(Math.floor(share * places.length));
      }}
    >
      {weights.map((weight, at) => (
        <rect
          key={at}
          x={3}
          y={at * each}
          width={WIDTH_PX - 3}
          height={each}
          opacity={most > 0 ? Math.sqrt(weight / most) : 0}
        />
      ))}
      <rect
        class="nbt-lines-afar-sight"
        x={0.75}
        y={y(sight[0])}
        width={WIDTH_PX - 1.5}
        height={Math.max(4, y(sight[1]) - y(sight[0]))}
        rx={2}
      />
    </svg>
  );
}
