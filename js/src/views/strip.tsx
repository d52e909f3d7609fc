// A vector as a strip: a cell a dimension, blue above zero and orange below, the stronger the farther from it.
import { useEffect, useRef } from "preact/hooks";
import { useTheme } from "./plane";
import { farthest } from "./stages";
import { clamp } from "./viewport";
import { walking } from "./walking";

interface StripProps {
  label: string;
  values: Float32Array;
  /** What the strongest colour stands for; the vector's own greatest if not given. */
  most?: number;
  /** The dimension that is looked at, and a stretch that is framed. */
  at: number | null;
  framed?: readonly [start: number, stop: number];
  /** Whether it is walked along by keys; of many strips, those of one row are. */
  isWalked?: boolean;
  onPoint(dim: number | null): void;
}

/** More cells than these are narrower than a pixel: they are mixed. */
const FINE = 400;

export function Strip({ label, values, most, at, framed, isWalked = true, onPoint }: StripProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme(canvas);
  const scale = most ?? farthest(values);
  useEffect(() => {
    const context = canvas.current?.getContext?.("2d");
    if (!canvas.current || !context) return;
    const style = getComputedStyle(canvas.current);
    const colour = (name: string) => style.getPropertyValue(name).trim() || "#777777";
    const [above, below] = [colour("--nbt-blue"), colour("--nbt-orange")];
    context.clearRect(0, 0, values.length, 1);
    values.forEach((value, dim) => {
      context.globalAlpha = scale > 0 ? Math.min(1, Math.abs(value) / scale) : 0;
      context.fillStyle = value < 0 ? below : above;
      context.fillRect(dim, 0, 1, 1);
    });
  }, [values, scale, theme]);
  const share = (dim: number) => `${(100 * dim) / values.length}%`;
  const dimAt = ({ currentTarget, clientX }: PointerEvent) => {
    const { left, width } = (currentTarget as Element).getBoundingClientRect();
    const dim = Math.floor(((clientX - left) / (width || 1)) * values.length);
    return clamp(dim, 0, values.length - 1);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role depends
    <div
      class="nbt-vector"
      {...(isWalked
        ? {
            role: "application",
            "aria-label": `${label}: the left and right arrow keys go along it`,
            tabIndex: 0,
          }
        : { role: "img", "aria-label": label })}
      onKeyDown={walking(at, values.length, onPoint)}
      onPointerMove={(event) => onPoint(dimAt(event))}
      onPointerLeave={() => onPoint(null)}
    >
      <canvas
        ref={canvas}
        width={values.length}
        height={1}
        class={values.length > FINE ? "nbt-vector-fine" : undefined}
      />
      {framed && (
        <i
          class="nbt-vector-framed"
          style={{ left: share(framed[0]), width: share(framed[1] - framed[0]) }}
        />
      )}
      {at !== null && at < values.length && (
        <i class="nbt-vector-at" style={{ left: share(at), width: share(1) }} />
      )}
    </div>
  );
}
