// Attention as lines: query tokens on the left, key tokens on the right, and between them the weights of some heads.
import { useMemo, useRef, useState } from "preact/hooks";
import { colourAt, cssColour } from "../colour";
import { Afar } from "./afar";
import { type Column, type Mark, TokenColumn, useColumn } from "./attentioncolumn";
import {
  type Edge,
  edgesOf,
  type Place,
  placeOf,
  placesOf,
  type Side,
  type Sight,
  strongest,
  type Weights,
  type Which,
} from "./edges";
import { HeadLegend } from "./headlegend";
import { type Curve, curvesOf, PLACE_PX, svgOf } from "./linedrawing";
import { pictureOf } from "./linespicture";
import { LinesReadout } from "./linesreadout";
import type { ViewProps } from "./looking";
import { NoticeStrip } from "./notices";
import { saveText } from "./saving";
import { ScaleChoice } from "./scale";
import { Segments } from "./segments";
import { type Focus, useWeights } from "./useweights";
import { useMeasured } from "./virtual";

/** So many places are in sight at once. */
const PLACES = 22;
/** More lines than these would be a carpet. */
const MOST_LINES = 400;
/** Before the browser has measured anything. */
const GUESS_PX = 260;

/** Of a pair: from which text to which. */
type Crossing = "all" | "aa" | "ab" | "ba" | "bb";

const CROSSINGS: readonly (readonly [Crossing, string])[] = [
  ["all", "All"],
  ["aa", "A → A"],
  ["ab", "A → B"],
  ["ba", "B → A"],
  ["bb", "B → B"],
];

export function AttentionLines(props: ViewProps) {
  const { reading, look, setLook } = props;
  const { part } = look;
  const { title, pair } = reading.header;
  const isPair = pair && part.part === "self";
  const [crossing, setCrossing] = useState<Crossing>("all");
  const places = usePlaces(props, isPair ? crossing : "all");
  const isOne = part.query_side === part.key_side;
  const [together, setTogether] = useState(true);
  return (
    <section class="nbt-lines" aria-label={`Attention of ${title} as lines`}>
      <div class="nbt-tools">
        <HeadLegend reading={reading} look={look} setLook={setLook} />
        {isPair && (
          <Segments
            label="From text to text"
            options={CROSSINGS}
            chosen={crossing}
            onChoose={(key) => setCrossing(key)}
          />
        )}
        <ScaleChoice look={look} setLook={setLook} />
        {isOne && Math.max(places.queries.length, places.keys.length) > PLACES && (
          <label class="nbt-lines-together">
            <input type="checkbox" checked={together} onChange={() => setTogether(!together)} />
            Scroll together
          </label>
        )}
      </div>
      {places.queries.length === 0 || places.keys.length === 0 ? (
        <p class="nbt-lines-none nbt-muted">There is no token to show.</p>
      ) : (
        <Drawn {...props} places={places} isTied={together && isOne} />
      )}
    </section>
  );
}

interface DrawnProps extends ViewProps {
  places: Both<Place[]>;
  /** Both columns scroll as one. */
  isTied: boolean;
}

/** The columns, the lines between them, and what they say in numbers. */
function Drawn(props: DrawnProps) {
  const { reading, look, places } = props;
  const { part, heads, scale } = look;
  const { signed } = reading.header;
  const sides = { queries: reading.queries(part), keys: reading.keys(part) };
  const height = Math.min(PLACES, Math.max(places.queries.length, places.keys.length)) * PLACE_PX;
  const columns = {
    queries: useColumn(places.queries.length, height),
    keys: useColumn(places.keys.length, height),
  };
  const { queries: left, keys: right } = columns;
  const focusing = useFocus(props, places);
  const { at, fixed } = focusing;
  const focus = fixed ?? at;
  const sight: Sight = { ...places, from: left.sight, to: right.sight };
  const { weights, rows, waiting, notice, retry } = useWeights(props, sight, focus);
  const lines = useLines(weights, heads, sight, focus);
  const middle = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(GUESS_PX);
  useMeasured(middle, (size) => setWidth(size.width));
  const top = { from: left.top, to: right.top };
  const curves = curvesOf(lines, scale, heads, width, top);
  const colourOf = (edge: Edge) => colourOfLine(edge, signed);
  const column = { ...props, ...focusing, sides, columns, height, marks: marksOf(curves, focus, colourOf) };
  return (
    <>
      <NoticeStrip notice={notice} retry={retry} />
      <div class="nbt-lines-looking">
        <div class="nbt-lines-picture">
          <ColumnOf {...column} of="queries" />
          <div class="nbt-lines-middle" ref={middle} style={{ height: `${height}px` }}>
            <Curves curves={curves} width={width} height={height} colourOf={colourOf} />
          </div>
          <ColumnOf {...column} of="keys" />
          {places.keys.length > PLACES && (
            <Afar
              row={rows}
              places={places.keys}
              sight={right.sight}
              height={height}
              onGo={(place) => right.scrollTo(place * PLACE_PX - height / 2)}
            />
          )}
        </div>
        <LinesReadout
          {...{ sight, sides, focus, rows, lines, waiting, colourOf }}
          other={fixed?.side === "queries" && at?.side === "keys" ? at.place : null}
          most={MOST_LINES}
          onGo={(side, place) => columns[side].reveal(place)}
          onSave={(page) => {
            const title = `${reading.header.title}, layer ${look.layer}`;
            const drawn = { title, width, height, ...sides, sight, top, curves, heads, colourOf };
            const name = `attention-layer-${look.layer}-heads-${heads.slice(0, 16).join("-")}.svg`;
            saveText(svgOf(pictureOf(page, drawn)), "image/svg+xml", name);
          }}
        />
      </div>
    </>
  );
}

/** Less than before is told from more by its colour, else one head from another. */
function colourOfLine({ head, weight }: Edge, signed: boolean): string {
  return cssColour(signed ? (weight < 0 ? "orange" : "blue") : colourAt(head));
}

interface ColumnOfProps extends DrawnProps, ReturnType<typeof useFocus> {
  of: Focus["side"];
  sides: Both<Side>;
  columns: Both<Column>;
  height: number;
  /** Of the tokens at the other ends of the lines. */
  marks: ReadonlyMap<number, Mark>;
}

function ColumnOf(props: ColumnOfProps) {
  const { of, sides, places, columns, height, marks, isTied, at, fixed, point, keep, free } = props;
  const focus = fixed ?? at;
  const other = columns[of === "queries" ? "keys" : "queries"];
  return (
    <TokenColumn
      label={of === "queries" ? "Query tokens" : "Key tokens"}
      name={of}
      side={sides[of]}
      places={places[of]}
      column={columns[of]}
      height={height}
      at={at?.side === of ? at.place : -1}
      kept={fixed?.side === of ? fixed.place : -1}
      marks={focus && focus.side !== of ? marks : NONE}
      onScroll={() => scrolled(columns[of], isTied ? other : null)}
      onPoint={(place) => point(place === null ? null : { side: of, place })}
      onWalk={(place) => {
        free();
        point({ side: of, place });
      }}
      onKeep={(place) => keep({ side: of, place })}
      onLeave={(key) => {
        if (key === "Escape" && focus) {
          free();
          point(null);
        } else if (key === "ArrowLeft") columns.queries.viewport.current?.focus();
        else if (key === "ArrowRight") columns.keys.viewport.current?.focus();
        else return false;
        return true;
      }}
    />
  );
}

interface CurvesProps {
  curves: readonly Curve[];
  width: number;
  height: number;
  colourOf(edge: Edge): string;
}

function Curves({ curves, width, height, colourOf }: CurvesProps) {
  return (
    <svg width={width} height={height} aria-hidden="true">
      {curves.map((curve) => (
        <path
          key={`${curve.head} ${curve.from} ${curve.to}`}
          d={curve.path}
          style={{ stroke: colourOf(curve) }}
          stroke-width={curve.width}
          stroke-opacity={curve.strength}
        />
      ))}
    </svg>
  );
}

const TEXTS: Record<string, Which> = { a: "first", b: "second" };
const NONE: ReadonlyMap<number, Mark> = new Map();

/** Of the queries, and of the keys. */
type Both<T> = Record<Focus["side"], T>;

/** What stands in each column. */
function usePlaces({ reading, look }: ViewProps, crossing: Crossing): Both<Place[]> {
  const { part, hideSpecial, words } = look;
  const [queries, keys] = [reading.queries(part), reading.keys(part)];
  return useMemo(() => {
    const [from, to] = crossing === "all" ? [] : [...crossing].map((text) => TEXTS[text]);
    return {
      queries: placesOf(queries, { hideSpecial, words, text: from ?? "both" }),
      keys: placesOf(keys, { hideSpecial, words, text: to ?? "both" }),
    };
  }, [queries, keys, queries.known, keys.known, hideSpecial, words, crossing]);
}

/** The place that is pointed at, and the one that is kept: a query in all views, a key in this one. */
function useFocus({ look, setLook }: ViewProps, places: Both<Place[]>) {
  const { part, pinned } = look;
  const [pointed, point] = useState<Focus | null>(null);
  const [key, setKey] = useState<{ part: string; token: number } | null>(null);
  const query = pinned === null ? -1 : placeOf(places.queries, pinned);
  const other = key?.part === part.part ? placeOf(places.keys, key.token) : -1;
  const fixed: Focus | null =
    query >= 0 ? { side: "queries", place: query } : other >= 0 ? { side: "keys", place: other } : null;
  const at = pointed && pointed.place < places[pointed.side].length ? pointed : null;
  const keep = (next: Focus) => {
    const token = places[next.side][next.place]?.start;
    const isKept = fixed?.side === next.side && fixed.place === next.place;
    const kept = isKept ? undefined : token;
    point(next);
    setLook({ pinned: next.side === "queries" ? (kept ?? null) : null });
    setKey(next.side === "keys" && kept !== undefined ? { part: part.part, token: kept } : null);
  };
  const free = () => {
    if (pinned !== null) setLook({ pinned: null });
    setKey(null);
  };
  return { at, fixed, point, keep, free };
}

/** The lines to draw: of what is looked at, else the strongest of all in sight. */
function useLines(weights: Weights, heads: readonly number[], sight: Sight, focus: Focus | null): Edge[] {
  return useMemo(() => {
    const isOf = ({ head, from, to }: Edge) =>
      heads.includes(head) && (focus === null || (focus.side === "queries" ? from : to) === focus.place);
    return strongest(edgesOf(weights, sight).filter(isOf), MOST_LINES);
  }, [weights, heads, sight.queries, sight.keys, ...sight.from, ...sight.to, focus?.side, focus?.place]);
}

/** Each token at the other end of a line, as strongly as its strongest line is drawn. */
function marksOf(
  curves: readonly Curve[],
  focus: Focus | null,
  colourOf: (edge: Edge) => string,
): ReadonlyMap<number, Mark> {
  const marks = new Map<number, Mark>();
  for (const curve of curves) {
    const place = focus?.side === "queries" ? curve.to : curve.from;
    if ((marks.get(place)?.strength ?? 0) <= curve.strength)
      marks.set(place, { strength: curve.strength, colour: colourOf(curve) });
  }
  return marks;
}

function scrolled(one: Column, other: Column | null): void {
  one.onScroll();
  if (other && one.viewport.current) other.scrollTo(one.viewport.current.scrollTop);
}
