// A picture on a canvas that is zoomed into, moved about and drawn upon. What it shows is the business of its user.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { boxOf } from "./lasso";
import type { Pen } from "./pen";
import { rememberDrawing } from "./pictures";
import { moved, onPlane, type Point, type View, WHOLE, zoomed } from "./viewport";
import { useMeasured } from "./virtual";

/** Where in the canvas the plane is seen, in CSS pixels. */
export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What to draw on. */
export interface Paper<P extends Pen = CanvasRenderingContext2D> {
  context: P;
  frame: Frame;
  /** Device pixels a CSS pixel. */
  ratio: number;
  /** A place on the plane, in CSS pixels. */
  x(at: number): number;
  y(at: number): number;
  /** A custom property of panel.css. */
  colour(name: string): string;
}

export type Tool = "move" | "lasso" | "box";

interface PlaneProps {
  label: string;
  /** The frame in a canvas of this width; what is below it has no room. */
  frame(width: number): Frame;
  view: View;
  /** How near each side can be looked at. */
  most: Point;
  onView(view: View): void;
  tool?: Tool;
  /** Whether a double click goes nearer. */
  doubled?: boolean;
  /** Draws the picture; again when one of `epoch` changes. */
  draw(paper: Paper): void;
  epoch: readonly unknown[];
  /** Whether all is drawn with what a `Pen` has, so that it can be drawn again for a file. */
  byPen?: boolean;
  /** Draws what changes more often, above it. */
  mark(paper: Paper): void;
  /** Where the pointer is; null when it has left. */
  onPoint(at: Point | null): void;
  onPress(at: Point, event: PointerEvent): void;
  onLine?(line: Point[], event: PointerEvent): void;
  /** A key that is none of the plane's own; whether it was of use. */
  onKey(event: KeyboardEvent): boolean;
  children?: ComponentChildren;
}

/** A press that moves no further than this is no drag. */
const STILL_PX = 4;
const STEP = 1.5;
/** Of a double click. */
const LEAP = 3;
const GUESS_PX = 600;
const MIDDLE = { x: 0.5, y: 0.5 };

export function Plane(props: PlaneProps) {
  const { label, view, most, onView, tool = "move", byPen = false } = props;
  const box = useRef<HTMLDivElement>(null);
  // Before the browser has measured anything.
  const [size, setSize] = useState({ width: GUESS_PX, height: 0 });
  useMeasured(box, setSize);
  const theme = useTheme(box);
  const frame = props.frame(size.width);
  const isZoomed = Math.max(view.zoom.x, view.zoom.y) > 1;
  const below = useRef<HTMLCanvasElement>(null);
  const above = useRef<HTMLCanvasElement>(null);
  const [line, setLine] = useState<readonly Point[]>([]);
  useLayoutEffect(
    () => withPaper(below.current, size.width, frame, view, byPen, props.draw),
    [view, theme, size.width, frame.left, frame.top, frame.width, frame.height, ...props.epoch],
  );
  useLayoutEffect(() =>
    withPaper(above.current, size.width, frame, view, byPen, (paper) => {
      props.mark(paper);
      drawLine(paper, line);
    }),
  );

  // Several moves may come between two drawings.
  const latest = useRef(view);
  latest.current = view;
  const look = (next: View) => {
    latest.current = next;
    onView(next);
  };
  const place = (event: MouseEvent): Point => {
    const { left, top } = (above.current as HTMLCanvasElement).getBoundingClientRect();
    return {
      x: (event.clientX - left - frame.left) / frame.width,
      y: (event.clientY - top - frame.top) / frame.height,
    };
  };
  const drag = useRef({ at: new Map<number, Point>(), line: [] as Point[], start: MIDDLE, still: true });
  const onPointerMove = (event: PointerEvent) => {
    const now = place(event);
    const { at, start } = drag.current;
    const before = at.get(event.pointerId);
    const plane = onPlane(latest.current, now);
    if (!before) {
      props.onPoint(Math.min(now.x, now.y) < 0 || Math.max(now.x, now.y) >= 1 ? null : plane);
      return;
    }
    const far = Math.hypot((now.x - start.x) * frame.width, (now.y - start.y) * frame.height);
    if (far > STILL_PX) drag.current.still = false;
    at.set(event.pointerId, now);
    const other = [...at].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const apart = ({ x, y }: Point) => Math.hypot(x - other.x, y - other.y) || 1e-3;
      look(zoomed(latest.current, apart(now) / apart(before), other, most));
    } else if (tool === "move") look(moved(latest.current, { x: before.x - now.x, y: before.y - now.y }));
    else {
      const first = drag.current.line[0] ?? onPlane(latest.current, start);
      drag.current.line = tool === "box" ? boxOf(first, plane) : [...drag.current.line, plane];
      setLine(drag.current.line);
    }
  };
  const onPointerUp = (event: PointerEvent) => {
    const { at, line, still } = drag.current;
    if (!at.delete(event.pointerId)) return;
    drag.current.line = [];
    setLine([]);
    if (event.type === "pointercancel") return;
    if (still) props.onPress(onPlane(latest.current, place(event)), event);
    else if (line.length > 2) props.onLine?.(line, event);
  };
  const zoomBy = (factor: number, at: Point = MIDDLE) => look(zoomed(latest.current, factor, at, most));
  const onKeyDown = (event: KeyboardEvent) => {
    const { key } = event;
    if (key === "+" || key === "=") zoomBy(STEP);
    else if (key === "-") zoomBy(1 / STEP);
    else if (key === "0") look(WHOLE);
    else if (!props.onKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="nbt-plane" ref={box} style={{ height: `${frame.top + frame.height}px` }}>
      <canvas ref={below} />
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: walked by keys, and said in words beside it */}
      <canvas
        ref={above}
        role="application"
        aria-label={label}
        tabIndex={0}
        class={`nbt-tool-${tool}`}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          const { at } = drag.current;
          above.current?.setPointerCapture(event.pointerId);
          at.set(event.pointerId, place(event));
          Object.assign(drag.current, { start: place(event), still: at.size === 1, line: [] });
        }}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerUp}
        onPointerLeave={() => props.onPoint(null)}
        onDblClick={(event) => props.doubled && zoomBy(LEAP, place(event))}
        onWheel={(event) => {
          // A page that is scrolled must not stick to a picture that comes under the pointer.
          if (!event.ctrlKey && document.activeElement !== above.current) return;
          event.preventDefault();
          zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), place(event));
        }}
      />
      <div class="nbt-zoom">
        <button type="button" aria-label="Zoom out" disabled={!isZoomed} onClick={() => zoomBy(1 / STEP)}>
          −
        </button>
        <button
          type="button"
          aria-label="Zoom in"
          disabled={view.zoom.x >= most.x && view.zoom.y >= most.y}
          onClick={() => zoomBy(STEP)}
        >
          +
        </button>
        <button type="button" aria-label="Whole" disabled={!isZoomed} onClick={() => look(WHOLE)}>
          ⤢
        </button>
      </div>
    </div>
  );
}

function drawLine({ context, x, y, colour }: Paper, line: readonly Point[]): void {
  if (line.length === 0) return;
  context.beginPath();
  for (const at of line) context.lineTo(x(at.x), y(at.y));
  context.closePath();
  context.strokeStyle = colour("--nbt-accent");
  context.fillStyle = context.strokeStyle;
  context.stroke();
  context.globalAlpha = 0.12;
  context.fill();
  context.globalAlpha = 1;
}

function withPaper(
  canvas: HTMLCanvasElement | null,
  width: number,
  frame: Frame,
  view: View,
  byPen: boolean,
  draw: (paper: Paper) => void,
): void {
  const context = canvas?.getContext?.("2d");
  if (!canvas || !context || frame.width <= 0 || frame.height <= 0) return;
  const ratio = globalThis.devicePixelRatio || 1;
  const height = frame.top + frame.height;
  // To set a size is also to wipe.
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const style = getComputedStyle(canvas);
  context.font = `12px ${style.fontFamily}`;
  const drawWith = (context: CanvasRenderingContext2D) =>
    draw({
      context,
      frame,
      ratio,
      x: (at) => frame.left + (at - view.x) * view.zoom.x * frame.width,
      y: (at) => frame.top + (at - view.y) * view.zoom.y * frame.height,
      colour: (name) => style.getPropertyValue(name).trim(),
    });
  drawWith(context);
  if (!byPen) return;
  const { font } = context;
  rememberDrawing(canvas, {
    width,
    height,
    font,
    draw: (pen) => drawWith(pen as unknown as CanvasRenderingContext2D),
  });
}

/** The panel's theme: what is drawn on a canvas does not change its colours by itself. */
export function useTheme(element: { current: HTMLElement | null }): string {
  const [theme, setTheme] = useState("");
  useEffect(() => {
    const root = element.current?.closest<HTMLElement>(".nbt-live");
    if (!root) return;
    const read = () => setTheme(root.dataset.theme ?? "");
    read();
    const observer = new MutationObserver(read);
    observer.observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    return () => observer.disconnect();
  }, []);
  return theme;
}
