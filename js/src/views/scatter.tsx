// Texts as points on a plane: which are near each other, which a search finds, and which are drawn around.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { colourAt, cssColour, PALETTE } from "../colour";
import { Selection } from "../selection";
import { formatCount } from "../text";
import { type Named, NO_CLUSTER, type PlaneMap } from "../wire/vectors";
import { drawLabels, LABELLED, type Label } from "./labels";
import { nearestPoint, within } from "./lasso";
import { NamedText } from "./named";
import { type Frame, type Paper, Plane, type Tool } from "./plane";
import { drawPoints, fitted, type Layer, radiusFor } from "./points";
import { Segments } from "./segments";
import { type Point, revealing, type View, WHOLE } from "./viewport";

interface ScatterProps {
  label: string;
  map: PlaneMap;
  selection: Selection;
  select(selection: Selection): void;
  /** The texts that a search finds; null while nothing is searched for. */
  found: Selection | null;
  /** The text at a position, when it is here; else it is asked for, and all is drawn again. */
  name(position: number): Named | undefined;
  onNear(text: Named): void;
  /** Controls of the map's own. */
  children: ComponentChildren;
}

const MOST_ZOOM = { x: 200, y: 200 };
const NEAR_PX = 12;
/** A ring around each of more points than these would hide its neighbours. */
const RINGED = 3_000;

export function Scatter({ label, map, selection, select, found, name, onNear, children }: ScatterProps) {
  const [view, setView] = useState<View>(WHOLE);
  const [tool, setTool] = useState<Tool>("lasso");
  const [at, setAt] = useState(-1);
  const [pinned, setPinned] = useState(false);
  const [shown, setShown] = useState<number | null>(null);
  const frame = useRef<Frame>({ left: 0, top: 0, width: 860, height: 420 });
  const aspect = useRef(2);
  const [, draw] = useState(0);
  const frameOf = (width: number): Frame => {
    const next = { left: 0, top: 0, width, height: Math.max(240, Math.min(440, width * 0.62)) };
    frame.current = next;
    return next;
  };
  const wide = Math.round((frame.current.width / frame.current.height) * 10) / 10 || 2;
  useEffect(() => {
    if (aspect.current !== wide) draw((times) => times + 1);
    aspect.current = wide;
  });
  const points = useMemo(() => fitted(map.points, wide), [map, wide]);
  const count = points.length / 2;
  const [selected, marked] = useMemo(
    () => [maskOf(selection, count), found && maskOf(found, count)],
    [selection, found, count],
  );
  const toggle = (position: number) => select(selection.toggled(position));
  const near = (place: Point): number => {
    const { width, height } = frame.current;
    const most = (NEAR_PX / view.zoom.x) ** 2;
    return nearestPoint(points, place, (dx, dy) => {
      const far = (dx * width) ** 2 + (dy * height) ** 2;
      return far <= most ? far : Number.POSITIVE_INFINITY;
    });
  };
  const onLine = (line: Point[], event: PointerEvent) => {
    const inside = within(points, line);
    // Shift adds to what is selected.
    select(event.shiftKey ? selection.with(inside) : Selection.of(inside));
  };
  const step = (right: number, down: number) => {
    const { width, height } = frame.current;
    const from =
      at < 0 ? { x: view.x + 0.5 / view.zoom.x, y: view.y + 0.5 / view.zoom.y } : placeOf(points, at);
    const next = nearestPoint(points, from, (dx, dy) => {
      const [x, y] = [dx * width, dy * height];
      const [along, aside] = [x * right + y * down, Math.abs(x * down) + Math.abs(y * right)];
      if (at < 0) return x * x + y * y;
      return along > 0 && aside <= along ? along + aside : Number.POSITIVE_INFINITY;
    });
    if (next < 0) return;
    setAt(next);
    setPinned(false);
    const to = placeOf(points, next);
    setView((now) => revealing(now, to, to));
  };
  const onKey = (event: KeyboardEvent): boolean => {
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    if (right || down) step(right, down);
    else if (event.key === " " && at >= 0) toggle(at);
    else if (event.key === "Enter" && at >= 0) setPinned(!pinned);
    else if (event.key === "Escape" && at >= 0) {
      setAt(-1);
      setPinned(false);
    } else return false;
    return true;
  };
  return (
    <section class="nbt-scatter" aria-label={label}>
      <div class="nbt-tools">
        <Segments
          label="Drag to"
          options={[
            ["lasso", "Lasso"],
            ["box", "Box"],
            ["move", "Move"],
          ]}
          chosen={tool}
          onChoose={(key) => setTool(key)}
        />
        {children}
        <Legend map={map} shown={shown} onShow={setShown} />
      </div>
      <Plane
        label={`${label}: arrow keys go from point to point, Space selects one, plus and minus zoom`}
        frame={frameOf}
        view={view}
        most={MOST_ZOOM}
        onView={setView}
        tool={tool}
        draw={(paper) => {
          const radius = radiusFor(count, view.zoom.x);
          const inks = [...PALETTE, "none", "mark"].map((hue) => paper.colour(`--nbt-${hue}`));
          const [grey, mark] = [PALETTE.length, PALETTE.length + 1];
          const ink = (point: number) => Math.min(map.cluster[point] as number, grey);
          const isLit = (point: number) =>
            (!marked || marked[point] === 1) && (shown === null || map.cluster[point] === shown);
          const isChosen = (point: number) => selected[point] === 1;
          const layers: Layer[] = [];
          if (marked || shown !== null)
            layers.push({ has: (point) => !isLit(point), ink: () => grey, radius, alpha: 0.25 });
          // Where something is selected, what is not steps back.
          layers.push({ has: isLit, ink, radius, alpha: selection.size > 0 && !marked ? 0.35 : 0.9 });
          if (selection.size > 0) {
            if (count <= RINGED)
              layers.push({ has: isChosen, ink: () => mark, radius: radius + 2, alpha: 1 });
            layers.push({ has: isChosen, ink, radius, alpha: 1 });
          }
          drawPoints(paper, points, layers, inks);
          if (count <= LABELLED) drawLabels(paper, labelsOf(paper, points, name, isLit), radius);
        }}
        epoch={[points, selected, marked, shown]}
        mark={({ context, x, y, colour }) => {
          if (at < 0) return;
          const place = placeOf(points, at);
          context.beginPath();
          context.arc(x(place.x), y(place.y), radiusFor(count, view.zoom.x) + 4, 0, 7);
          context.lineWidth = 2;
          context.strokeStyle = colour("--nbt-mark");
          context.stroke();
        }}
        onPoint={(place) => !pinned && setAt(place ? near(place) : -1)}
        onPress={(place, event) => {
          const next = near(place);
          setAt(next);
          setPinned(next >= 0 && !(pinned && next === at));
          if (next >= 0 && (event.shiftKey || event.ctrlKey || event.metaKey)) toggle(next);
        }}
        onLine={onLine}
        onKey={onKey}
      />
      <div class="nbt-readout" aria-live="polite">
        <Looked
          text={at < 0 ? undefined : name(at)}
          none={at < 0 ? map.note : "…"}
          pinned={pinned}
          selected={selected[at] === 1}
          onToggle={() => toggle(at)}
          onNear={onNear}
        />
      </div>
    </section>
  );
}

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

function placeOf(points: Float32Array, at: number): Point {
  return { x: points[2 * at] ?? 0.5, y: points[2 * at + 1] ?? 0.5 };
}

/** The texts of the points in sight. */
function labelsOf(
  { frame, x, y }: Paper,
  points: Float32Array,
  name: ScatterProps["name"],
  isLit: (point: number) => boolean,
): Label[] {
  const labels: Label[] = [];
  for (let point = 0; 2 * point < points.length; point++) {
    const place = placeOf(points, point);
    const label = { text: name(point)?.text ?? "", x: x(place.x), y: y(place.y), faint: !isLit(point) };
    const inSight = label.x >= 0 && label.x <= frame.width && label.y >= 0 && label.y <= frame.height;
    if (inSight && !Number.isNaN(points[2 * point])) labels.push(label);
  }
  return labels;
}

function maskOf(selection: Selection, count: number): Uint8Array {
  const mask = new Uint8Array(count);
  for (const row of selection.toArray()) mask[row] = 1;
  return mask;
}

interface LegendProps {
  map: PlaneMap;
  shown: number | null;
  onShow(cluster: number | null): void;
}

/** The clusters by their colours; a press shows one alone. */
function Legend({ map, shown, onShow }: LegendProps) {
  const entries = map.sizes.map((size, cluster) => ({
    cluster,
    hue: colourAt(cluster),
    said: `Cluster ${cluster + 1}: ${formatCount(size)}`,
  }));
  if (map.alone > 0)
    entries.push({ cluster: NO_CLUSTER, hue: "none", said: `In no cluster: ${formatCount(map.alone)}` });
  return (
    <fieldset class="nbt-legend" aria-label="Clusters">
      {entries.map(({ cluster, hue, said }) => (
        <button
          key={cluster}
          type="button"
          aria-pressed={shown === cluster}
          title="Show these texts alone"
          style={{ "--colour": cssColour(hue) }}
          onClick={() => onShow(shown === cluster ? null : cluster)}
        >
          <span class="nbt-dot" />
          {said}
        </button>
      ))}
    </fieldset>
  );
}

interface LookedProps {
  text: Named | undefined;
  none: string;
  pinned: boolean;
  selected: boolean;
  onToggle(): void;
  onNear(text: Named): void;
}

/** The text of a point, and what can be done with it. */
function Looked({ text, none, pinned, selected, onToggle, onNear }: LookedProps) {
  if (!text) return <span class="nbt-muted">{none}</span>;
  return (
    <>
      <div class={pinned ? "nbt-pair nbt-pair-whole" : "nbt-pair"}>
        <NamedText text={text} />
      </div>
      {pinned && (
        <span class="nbt-tools">
          <button type="button" class="nbt-button nbt-button-outlined" onClick={onToggle}>
            {selected ? "Deselect" : "Select"}
          </button>
          <button type="button" class="nbt-button nbt-button-outlined" onClick={() => onNear(text)}>
            Nearest texts
          </button>
        </span>
      )}
    </>
  );
}
