// Figures of a run: values, sizes and times, as exact as they are looked at.

/** A value with the four figures that it can be compared by; six of what is large. */
export function exactValue(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "not finite";
  return shortest(Math.abs(value) < 1e3 ? Number(value.toPrecision(4)) : Math.round(value), 1e7, 3);
}

/** A number beside an axis: as short as tells it from its neighbours. */
export function tickLabel(value: number): string {
  return shortest(value, 1e5, 2);
}

/** Up to six figures; of what is less than a thousandth, or as large as said, a few and the power of ten. */
function shortest(value: number, large: number, decimals: number): string {
  const size = Math.abs(value);
  const text =
    size > 0 && (size < 1e-3 || size >= large)
      ? value.toExponential(decimals).replace(/\.?0+e/, "e")
      : String(Number(value.toPrecision(6)));
  return text.replace("e+", "e").replace(/-/g, "−");
}

const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 3 });

/** A step below an axis: there is no room for all figures of a million. */
export function stepLabel(step: number): string {
  return step < 10_000 ? String(step) : compact.format(step);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function formatBytes(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1023.5 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : Number(size.toPrecision(2))} ${UNITS[unit]}`;
}

/** "1 h 02 min", "3 min 20 s", "12 s". */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const two = (value: number) => String(value).padStart(2, "0");
  if (hours > 0) return `${hours} h ${two(minutes)} min`;
  return minutes > 0 ? `${minutes} min ${two(whole % 60)} s` : `${whole} s`;
}

/** A time below an axis: "30 s", "1:15 min", "2 h". */
export function timeLabel(seconds: number): string {
  if (seconds < 60) return `${exactValue(seconds)} s`;
  const [unit, name] = seconds < 3_600 ? [60, "min"] : [3_600, "h"];
  const rest = Math.round((60 * (seconds % unit)) / unit);
  return `${Math.floor(seconds / unit)}${rest ? `:${String(rest).padStart(2, "0")}` : ""} ${name}`;
}
