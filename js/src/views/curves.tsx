// Lines over one scale: what each is at a place is told beside them, to whoever points at it or walks along.
import type { ComponentChildren } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { cssColour } from "../colour";
import { formatPlace, formatValue } from "../text";
import type { Line } from "../wire/positions";
import { exactly } from "./named";
import { clamp } from "./viewport";
import { useMeasured } from "./virtual";
import { walking } from "./walking";

/** A line with its name and the name of its colour. */
export interface Curve extends Line {
  name: string;
  colour: string;
}

interface CurvesProps {
  label: string;
  curves: readonly Curve[];
  /** What a place is, such as "position", and what stands below them all. */
  across: string;
  axis: string;
  /** What is said beside them, below the values. */
  children: ComponentChildren;
}

const HEIGHT = 260;
const LEFT = 46;
const TOP = 10;
const BOTTOM = 34;
const GUESS_PX = 600;

export function Curves({ label, curves, across, axis, children }: CurvesProps) {
  const box = useRef<HTMLDivElement>(null);
  const [{ width }, setSize] = useState({ width: GUESS_PX, height: HEIGHT });
  useMeasured(box, setSize);
  const [point, setPoint] = useState<number | null>(null);
  const at = curves[0]?.at ?? [];
  const count = at.length;
  const [low, high] = useMemo(() => endsOf(curves), [curves]);
  const inner = Math.max(1, width - LEFT - 12);
  const x = (number: number) => LEFT + (count > 1 ? number / (count - 1) : 0.5) * inner;
  const y = (value: number) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const paths = useMemo(() => curves.map(({ values }) => pathOf(values, x, y)), [curves, width, low, high]);
  const onPointerMove = (event: PointerEvent) => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    const share = (event.clientX - left - LEFT) / inner;
    setPoint(clamp(Math.round(share * (count - 1)), 0, Math.max(0, count - 1)));
  };
  return (
    <div class="nbt-looking">
      <div class="nbt-curves" ref={box}>
        <svg
          role="application"
          aria-label={`${label}: the left and right arrow keys go along the lines`}
          // Of an element of SVG, Preact writes the name as it stands.
          tabindex={0}
          width={width}
          height={HEIGHT}
          onPointerMove={onPointerMove}
          onPointerLeave={() => setPoint(null)}
          onKeyDown={walking(point, count, setPoint)}
        >
          <Axes low={low} high={high} at={at} x={x} y={y} width={width} axis={axis} />
          {curves.map(({ name, colour }, number) => (
            <path key={name} d={paths[number]} stroke={cssColour(colour)} />
          ))}
          {point !== null && (
            <g>
              <line class="nbt-curve-at" x1={x(point)} x2={x(point)} y1={TOP} y2={HEIGHT - BOTTOM} />
              {curves.map(({ name, colour, values }) => (
                <circle
                  key={name}
                  cx={x(point)}
                  cy={y(values[point] ?? 0)}
                  r={3.5}
                  fill={cssColour(colour)}
                />
              ))}
            </g>
          )}
        </svg>
      </div>
      <div class="nbt-readout nbt-curve-values" aria-live="polite">
        {point === null ? (
          <span class="nbt-muted">Point at the lines, or walk along them with the arrow keys.</span>
        ) : (
          <dl>
            <div>
              <dt>{across}</dt>
              <dd>{formatPlace(at[point] ?? 0)}</dd>
            </div>
            {curves.map(({ name, colour, values }) => (
              <div key={name}>
                <dt>
                  <i style={{ background: cssColour(colour) }} aria-hidden="true" /> {name}
                </dt>
                <dd>{exactly(values[point] ?? Number.NaN)}</dd>
              </div>
            ))}
          </dl>
        )}
        {children}
      </div>
    </div>
  );
}

interface AxesProps {
  low: number;
  high: number;
  at: ArrayLike<number>;
  x(number: number): number;
  y(value: number): number;
  width: number;
  axis: string;
}

const TICKS = 4;

function Axes({ low, high, at, x, y, width, axis }: AxesProps) {
  const count = at.length;
  const ticks = Array.from({ length: TICKS + 1 }, (_, tick) => Math.round((tick / TICKS) * (count - 1)));
  const levels = low < 0 && high > 0 ? [low, 0, high] : [low, (low + high) / 2, high];
  return (
    <g class="nbt-curve-axes">
      {levels.map((value) => (
        <g key={value}>
          <line x1={LEFT} x2={width - 8} y1={y(value)} y2={y(value)} />
          <text x={LEFT - 6} y={y(value)} text-anchor="end" dominant-baseline="middle">
            {formatValue(value)}
          </text>
        </g>
      ))}
      {[...new Set(ticks)].map((tick) => (
        <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 14} text-anchor="middle">
          {formatPlace(at[tick] ?? 0)}
        </text>
      ))}
      <text x={LEFT + (width - LEFT) / 2} y={HEIGHT - 4} text-anchor="middle">
        {axis}
      </text>
    </g>
  );
}

/** The least and the greatest number, with a little room. */
function endsOf(curves: readonly Line[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values } of curves) {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (!(low < high)) return low === high ? [low - 1, high + 1] : [0, 1];
  return [low, high];
}

function pathOf(values: Float32Array, x: (at: number) => number, y: (value: number) => number): string {
  let path = "";
  let begun = false;
  values.forEach((value, at) => {
    if (Number.isNaN(value)) {
      begun = false;
      return;
    }
    path += `${begun ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    begun = true;
  });
  return path;
}
