// Colours for numbers: a ramp of steadily falling or rising lightness, read alike by all kinds of colour vision.
// Its stops are custom properties in plane.css, for light and for dark; the more alike, the farther from the page.
import { luminance, parseColour, type Rgba } from "../colour";

export const STOPS = 5;
/** As many steps as an eye can tell apart, and more. */
const STEPS = 256;

export interface Ramp {
  /** Pixels in the order of memory, one a step. */
  pixels: Uint32Array;
  /** Dark or light: what is written on a step. */
  ink: string[];
}

/** `name` is that of its custom properties. */
export function rampOf(colour: (name: string) => string, name = "ramp"): Ramp {
  const stops = Array.from(
    { length: STOPS },
    (_, at) => parseColour(colour(`--nbt-${name}-${at}`)) ?? ([0, 0, 0, 1] as Rgba),
  );
  const ink: string[] = [];
  const pixels = new Uint32Array(STEPS);
  for (let step = 0; step < STEPS; step++) {
    const place = (step / (STEPS - 1)) * (STOPS - 1);
    const at = Math.min(STOPS - 2, Math.floor(place));
    const [from, to] = [stops[at] as Rgba, stops[at + 1] as Rgba];
    const mixed = from.map((part, band) => part + (place - at) * ((to[band] ?? 0) - part)) as Rgba;
    new Uint8Array(pixels.buffer).set([...mixed.slice(0, 3).map(Math.round), 255], step * 4);
    ink.push(luminance(mixed) > 0.3 ? "#111" : "#fff");
  }
  return { pixels, ink };
}

/** The step of a value between two ends. */
export function stepOf(value: number, low: number, high: number): number {
  return stepAt(high > low ? (value - low) / (high - low) : 1);
}

/** The step of a share of the way from one end to the other. */
export function stepAt(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * (STEPS - 1));
}
