// All heads of a part on one canvas: as small pictures of their weights, or coloured by what is measured of them.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatValue } from "../text";
import type { PartFacts, Reading } from "../wire/attention";
import type { Pen } from "./pen";
import { rememberDrawing } from "./pictures";
import { useTheme } from "./plane";
import { type Ramp, rampOf, stepAt } from "./ramp";
import { clamp } from "./viewport";
import { useMeasured } from "./virtual";

/** One head. */
export interface HeadAt {
  layer: number;
  head: number;
}

interface HeadGridProps {
  label: string;
  reading: Reading;
  part: PartFacts;
  /** What colours a head: its weights, or a measure. */
  colour: string;
  /** What the heads are sorted by, the greatest first; null keeps layers and heads in order. */
  sort: string | null;
  log: boolean;
  /** A head that is marked. */
  current: HeadAt | null;
  /** Heads that are chosen, by `keyOf`. */
  chosen?: ReadonlySet<number>;
  /** Changes with what the pictures show. */
  epoch: unknown;
  /** In order, no head has more room than this. */
  largest?: number;
  onPoint(head: HeadAt | null): void;
  onOpen(head: HeadAt): void;
}

/** What is coloured by the weights themselves. */
export const WEIGHTS = "weights";

const MOST_PX = 520;
const LEFT_PX = 34;
const TOP_PX = 18;
const CAPTION_PX = 14;
/** In rank, a head has so much room; in order, it has no less than the least. */
const RANKED_PX = 54;
const LARGEST_PX = 64;
const LEAST_PX = 14;
const GUESS_PX = 640;

export function keyOf({ heads }: PartFacts, { layer, head }: HeadAt): number {
  return layer * heads + head;
}

export function HeadGrid(props: HeadGridProps) {
  const { label, reading, part, colour, sort, log, current, chosen, epoch, onPoint, onOpen } = props;
  const { largest = LARGEST_PX } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [{ width }, setSize] = useState({ width: GUESS_PX });
  useMeasured(box, setSize);
  const theme = useTheme(box);
  const [top, setTop] = useState(0);
  const [at, setAt] = useState<number | null>(null);
  const order = useMemo(() => orderOf(reading, part, sort), [reading, part, sort, epoch]);
  const layout = layoutOf(part, width, sort === null, largest);
  const height = Math.min(MOST_PX, layout.height);
  const atlas = useRef<{ of: Reading; key: string; image: HTMLCanvasElement } | null>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext?.("2d");
    if (!context || !canvas.current) return;
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.current.width = Math.round(width * ratio);
    canvas.current.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(canvas.current);
    const value = (name: string) => style.getPropertyValue(name).trim();
    const { signed } = reading.header;
    const ramp = rampOf(value, signed ? "diverge" : "ramp");
    context.font = `11px ${style.fontFamily}`;
    const key = [part.part, theme, log, epoch].join();
    if (colour === WEIGHTS && (atlas.current?.key !== key || atlas.current.of !== reading))
      atlas.current = { of: reading, key, image: atlasOf(reading, part, ramp, log) };
    const shares = colour === WEIGHTS ? null : sharesOf(reading, part, colour);
    const drawing: Omit<Drawing, "context" | "top" | "height"> = {
      layout,
      order,
      part,
      ramp,
      colour: value,
      image: atlas.current?.image ?? null,
      shares,
      value: (one) => formatValue(reading.measure(part, colour, ...placeOf(part, one))),
      has: (one) => hasHead(reading, part, one),
      marks: [
        [current ? keyOf(part, current) : -1, "--nbt-fg"],
        [at === null ? -1 : (order[at] ?? -1), "--nbt-mark"],
      ],
      chosen: chosen ?? new Set(),
    };
    drawHeads({ ...drawing, context, top, height });
    const { font } = context;
    // Nobody who saves it means only what is scrolled to.
    const all = { top: 0, height: layout.height };
    rememberDrawing(canvas.current, {
      width,
      height: layout.height,
      font,
      draw: (pen) => drawHeads({ ...drawing, context: pen, ...all }),
    });
  });

  const pointAt = (place: number | null) => {
    setAt(place);
    const one = place === null ? undefined : order[place];
    onPoint(one === undefined ? null : headOf(part, one));
  };
  const placeUnder = (event: MouseEvent): number | null => {
    const { left, top: above } = (canvas.current as HTMLCanvasElement).getBoundingClientRect();
    const place = layout.placeAt(event.clientX - left, event.clientY - above + top, order.length);
    return place !== null && hasHead(reading, part, order[place] as number) ? place : null;
  };
  const scrollTo = (next: number) => {
    if (box.current) box.current.scrollTop = next;
    setTop(box.current?.scrollTop ?? next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -layout.columns, ArrowDown: layout.columns }[
      event.key
    ];
    if (step !== undefined) {
      const next = at === null ? Math.max(0, current ? order.indexOf(keyOf(part, current)) : 0) : at + step;
      if (next < 0 || next >= order.length || !hasHead(reading, part, order[next] as number)) return;
      pointAt(next);
      const from = layout.top + Math.floor(next / layout.columns) * layout.down;
      scrollTo(clamp(top, from + layout.down - height, from - layout.top));
    } else if ((event.key === "Enter" || event.key === " ") && at !== null && at < order.length) {
      onOpen(headOf(part, order[at] as number));
    } else if (event.key === "Escape" && at !== null) pointAt(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      class="nbt-heads"
      ref={box}
      style={{ maxHeight: `${MOST_PX}px` }}
      onScroll={() => setTop(box.current?.scrollTop ?? 0)}
    >
      <div style={{ height: `${layout.height}px` }}>
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: walked by keys, and said in words beside it */}
        <canvas
          ref={canvas}
          role="application"
          tabIndex={0}
          aria-label={`${label}: arrow keys go from head to head, Enter opens one`}
          style={{ width: `${width}px`, height: `${height}px` }}
          onKeyDown={onKeyDown}
          onPointerMove={(event) => pointAt(placeUnder(event))}
          onPointerLeave={() => pointAt(null)}
          onClick={(event) => {
            const place = placeUnder(event);
            if (place !== null) onOpen(headOf(part, order[place] as number));
          }}
        />
      </div>
    </div>
  );
}

function headOf({ heads }: PartFacts, key: number): HeadAt {
  return { layer: Math.floor(key / heads), head: key % heads };
}

function placeOf(part: PartFacts, key: number): [layer: number, head: number] {
  const { layer, head } = headOf(part, key);
  return [layer, head];
}

function hasHead(reading: Reading, part: PartFacts, key: number): boolean {
  const { layer, head } = headOf(part, key);
  return head < reading.headsOf(part, layer);
}

/** Heads by their keys, the greatest first; those without a number last. */
export function orderOf(reading: Reading, part: PartFacts, sort: string | null): number[] {
  const keys = Array.from({ length: part.layers * part.heads }, (_, key) => key);
  if (sort === null) return keys;
  const there = keys.filter((key) => hasHead(reading, part, key));
  const values = keys.map((key) => {
    const value = reading.measure(part, sort, ...placeOf(part, key));
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
  });
  return there.sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
}

/** Where the heads stand. */
export interface Layout {
  columns: number;
  left: number;
  top: number;
  across: number;
  down: number;
  height: number;
  /** In rank, each has its name below it. */
  captions: boolean;
  /** The number in the order of what stands at a place. */
  placeAt(x: number, y: number, count: number): number | null;
}

export function layoutOf(
  { layers, heads }: PartFacts,
  width: number,
  inOrder: boolean,
  largest = LARGEST_PX,
): Layout {
  const cell = Math.min(largest, Math.floor((width - LEFT_PX) / heads));
  const captions = !inOrder || cell < LEAST_PX;
  const columns = captions ? Math.max(1, Math.floor(width / RANKED_PX)) : heads;
  const [left, top] = captions ? [0, 0] : [LEFT_PX, TOP_PX];
  const across = captions ? RANKED_PX : cell;
  const down = captions ? RANKED_PX + CAPTION_PX : cell;
  return {
    columns,
    left,
    top,
    across,
    down,
    captions,
    height: top + Math.ceil((layers * heads) / columns) * down,
    placeAt: (x, y, count) => {
      const [column, row] = [Math.floor((x - left) / across), Math.floor((y - top) / down)];
      if (column < 0 || column >= columns || row < 0) return null;
      const place = row * columns + column;
      return place < count ? place : null;
    },
  };
}

/** Each head's place between the least and the greatest of a measure; of a difference, beside nothing. */
function sharesOf(reading: Reading, part: PartFacts, name: string): Float32Array {
  const { signed } = reading.header;
  const values = Float32Array.from({ length: part.layers * part.heads }, (_, key) =>
    reading.measure(part, name, ...placeOf(part, key)),
  );
  const known = values.filter((value) => !Number.isNaN(value));
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of known) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const most = Math.max(-low, high);
  return values.map((value) =>
    signed ? 0.5 + value / most / 2 || 0.5 : high > low ? (value - low) / (high - low) : value - low + 0.5,
  );
}

/** A thumbnail's bytes are square roots: by a logarithm their 255 steps go twice as far down. */
const DECADES = 2 * Math.log10(255);

/** The colour of a byte of a thumbnail, from 0 to 1. */
function shadeOf(byte: number, log: boolean): number {
  const share = (byte / 255) ** 2;
  return log ? Math.max(0, 1 + Math.log10(share) / DECADES) : share;
}

/** The thumbnails of all heads as one picture, a pixel a cell. */
function atlasOf(reading: Reading, part: PartFacts, { pixels }: Ramp, log: boolean): HTMLCanvasElement {
  const [rows, columns] = part.thumb;
  const { signed } = reading.header;
  const image = document.createElement("canvas");
  image.width = part.heads * columns;
  image.height = part.layers * rows;
  const data = new ImageData(image.width, image.height);
  const cells = new Uint32Array(data.data.buffer);
  const shade = Uint32Array.from({ length: 256 }, (_, byte) => {
    return pixels[stepAt(signed ? byte / 255 : shadeOf(byte, log))] ?? 0;
  });
  for (let layer = 0; layer < part.layers; layer++) {
    for (let head = 0; head < part.heads; head++) {
      reading.thumb(part, layer, head).forEach((byte, at) => {
        const [row, column] = [Math.floor(at / columns), at % columns];
        cells[(layer * rows + row) * image.width + head * columns + column] = shade[byte] ?? 0;
      });
    }
  }
  image.getContext("2d")?.putImageData(data, 0, 0);
  return image;
}

interface Drawing {
  context: Pen;
  layout: Layout;
  order: readonly number[];
  part: PartFacts;
  top: number;
  height: number;
  ramp: Ramp;
  colour(name: string): string;
  image: HTMLCanvasElement | null;
  shares: Float32Array | null;
  value(key: number): string;
  /** Some layers have fewer heads than others. */
  has(key: number): boolean;
  marks: readonly (readonly [key: number, colour: string])[];
  chosen: ReadonlySet<number>;
}

const GAP_PX = 2;
/** A number in a head's place needs so much. */
const NUMBER_PX = 34;

/** Only what is in sight is drawn. */
function drawHeads(drawing: Drawing): void {
  const { context, layout, order, part, top, height, ramp, colour, image, shares, value, marks, chosen } =
    drawing;
  const { columns, left, across, down, captions } = layout;
  const muted = colour("--nbt-muted") || "grey";
  const [rows, width] = part.thumb;
  const size = across - GAP_PX;
  const first = Math.max(0, Math.floor((top - layout.top) / down));
  context.textBaseline = "middle";
  context.imageSmoothingEnabled = false;
  for (let place = first * columns; place < order.length; place++) {
    const key = order[place] as number;
    const [x, y] = [left + (place % columns) * across, layout.top + Math.floor(place / columns) * down - top];
    if (y > height) break;
    const [layer, head] = placeOf(part, key);
    if (!drawing.has(key)) continue;
    if (shares) {
      const share = shares[key] as number;
      if (Number.isNaN(share)) {
        context.globalAlpha = 0.12;
        context.fillStyle = colour("--nbt-none") || "grey";
      } else context.fillStyle = cssOf(ramp.pixels[stepAt(share)] ?? 0);
      context.fillRect(x, y, size, size);
      context.globalAlpha = 1;
      if (size >= NUMBER_PX && !Number.isNaN(share)) {
        context.fillStyle = ramp.ink[stepAt(share)] ?? "#111";
        context.textAlign = "center";
        context.fillText(value(key), x + size / 2, y + size / 2);
      }
    } else if (image) context.drawImage(image, head * width, layer * rows, width, rows, x, y, size, size);
    if (captions) {
      context.fillStyle = muted;
      context.textAlign = "center";
      context.fillText(`${layer}·${head}`, x + size / 2, y + size + CAPTION_PX / 2 + 1);
    } else if (place % columns === 0) {
      context.fillStyle = muted;
      context.textAlign = "right";
      context.fillText(`L${layer}`, left - 6, y + size / 2);
    }
    if (chosen.has(key)) strike(context, x, y, size, colour("--nbt-danger"));
    for (const [marked, name] of marks) {
      if (marked !== key) continue;
      context.lineWidth = 2;
      context.strokeStyle = colour(name) || "grey";
      context.strokeRect(x + 1, y + 1, size - 2, size - 2);
    }
  }
  if (!captions) headline(context, layout, colour("--nbt-bg"), muted);
}

/** The numbers of the heads, above all layers. */
function headline(context: Pen, { columns, left, across, top }: Layout, behind: string, ink: string): void {
  context.fillStyle = behind || "white";
  context.fillRect(0, 0, left + columns * across, top);
  context.fillStyle = ink;
  context.textAlign = "center";
  const every = Math.ceil(18 / across);
  for (let head = 0; head < columns; head += every)
    context.fillText(String(head), left + head * across + across / 2 - GAP_PX / 2, top / 2);
}

/** A head that is taken out. */
function strike(context: Pen, x: number, y: number, size: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 2.5;
  context.strokeRect(x + 1, y + 1, size - 2, size - 2);
  context.beginPath();
  context.moveTo(x, y + size);
  context.lineTo(x + size, y);
  context.stroke();
}

/** A pixel in the order of memory, as a colour. */
function cssOf(pixel: number): string {
  const [red, green, blue] = new Uint8Array(Uint32Array.of(pixel).buffer);
  return `rgb(${red}, ${green}, ${blue})`;
}
