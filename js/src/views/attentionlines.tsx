// Attention as lines: query tokens on the left, key tokens on the right, and between them the weights of some heads.
import { useMemo, useRef, useState } from "preact/hooks";
import { cssColour, headColour } from "../colour";
import { Afar } from "./afar";
import { type Column, type Mark, TokenColumn, useColumn } from "./attentioncolumn";
import {
  type Edge,
  edgesOf,
  type Place,
  placeOf,
  placesOf,
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
import { WaitStrip } from "./notices";
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
  const { part, layer, heads, scale } = look;
  const { header } = reading;
  const sides = { queries: reading.queries(part), keys: reading.keys(part) };
  const isPair = header.pair && part.part === "self";
  const [crossing, setCrossing] = useState<Crossing>("all");
  const places = usePlaces(props, isPair ? crossing : "all");
  const isLong = Math.max(places.queries.length, places.keys.length) > PLACES;
  const height = Math.min(PLACES, Math.max(places.queries.length, places.keys.length, 1)) * PLACE_PX;
  const left = useColumn(places.queries.length, height);
  const right = useColumn(places.keys.length, height);
  const [together, setTogether] = useState(true);
  const isTied = together && sides.queries === sides.keys;

  const { at, fixed, point, keep, free } = useFocus(props, places);
  const focus = fixed ?? at;
  const sight: Sight = { ...places, from: left.sight, to: right.sight };
  const { weights, rows, waiting, notice, retry } = useWeights(props, sight, focus);
  const lines = useLines(weights, sight, focus);

  const middle = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(GUESS_PX);
  useMeasured(middle, (size) => setWidth(size.width));
  const top = { from: left.top, to: right.top };
  const curves = curvesOf(lines, scale, heads, width, top);
  const colourOf = ({ head, weight }: Edge) =>
    cssColour(header.signed ? (weight < 0 ? "orange" : "blue") : headColour(head));
  const marks = marksOf(curves, focus, colourOf);

  const save = (page: Element) => {
    const title = `${header.title}, layer ${layer}`;
    const legend = (head: number) => cssColour(headColour(head));
    const picture = {
      title,
      width,
      height,
      ...sides,
      sight,
      top,
      curves,
      heads,
      colourOf,
      headColour: legend,
    };
    const name = `attention-layer-${layer}-heads-${heads.slice(0, 16).join("-")}.svg`;
    saveText(svgOf(pictureOf(page, picture)), "image/svg+xml", name);
  };
  const columnOf = (side: Focus["side"]) => {
    const [one, other] = side === "queries" ? [left, right] : [right, left];
    return (
      <TokenColumn
        label={side === "queries" ? "Query tokens" : "Key tokens"}
        name={side}
        side={sides[side]}
        places={places[side]}
        column={one}
        height={height}
        at={at?.side === side ? at.place : -1}
        kept={fixed?.side === side ? fixed.place : -1}
        marks={focus && focus.side !== side ? marks : NONE}
        onScroll={() => scrolled(one, isTied ? other : null)}
        onPoint={(place) => point(place === null ? null : { side, place })}
        onWalk={(place) => {
          free();
          point({ side, place });
        }}
        onKeep={(place) => keep({ side, place })}
        onLeave={(key) => {
          if (key === "Escape" && focus) {
            free();
            point(null);
          } else if (key === "ArrowLeft") left.viewport.current?.focus();
          else if (key === "ArrowRight") right.viewport.current?.focus();
          else return false;
          return true;
        }}
      />
    );
  };
  return (
    <section class="nbt-lines" aria-label={`Attention of ${header.title} as lines`}>
      <div class="nbt-tools">
        <HeadLegend look={look} setLook={setLook} />
        {isPair && (
          <Segments
            label="From text to text"
            options={CROSSINGS}
            chosen={crossing}
            onChoose={(key) => setCrossing(key)}
          />
        )}
        <ScaleChoice look={look} setLook={setLook} />
        {isLong && sides.queries === sides.keys && (
          <label class="nbt-lines-together">
            <input type="checkbox" checked={together} onChange={() => setTogether(!together)} />
            Scroll together
          </label>
        )}
        <button
          type="button"
          class="nbt-button nbt-button-outlined"
          title="Save what is drawn as an SVG file"
          onClick={({ currentTarget }) => save(currentTarget)}
        >
          Save SVG
        </button>
      </div>
      {notice && <WaitStrip message={notice.message} retry={notice.retry ? retry : null} />}
      {places.queries.length === 0 || places.keys.length === 0 ? (
        <p class="nbt-lines-none nbt-muted">There is no token to show.</p>
      ) : (
        <div class="nbt-lines-looking">
          <div class="nbt-lines-picture">
            {columnOf("queries")}
            <div class="nbt-lines-middle" ref={middle} style={{ height: `${height}px` }}>
              <Curves curves={curves} width={width} height={height} colourOf={colourOf} />
            </div>
            {columnOf("keys")}
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
            onGo={(side, place) => (side === "queries" ? left : right).reveal(place)}
          />
        </div>
      )}
    </section>
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

type Places = Record<Focus["side"], Place[]>;

/** What stands in each column. */
function usePlaces({ reading, look }: ViewProps, crossing: Crossing): Places {
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
function useFocus({ look, setLook }: ViewProps, places: Places) {
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
function useLines(weights: Weights, sight: Sight, focus: Focus | null): Edge[] {
  return useMemo(() => {
    const isOf = ({ from, to }: Edge) =>
      focus === null || (focus.side === "queries" ? from : to) === focus.place;
    return strongest(edgesOf(weights, sight).filter(isOf), MOST_LINES);
  }, [weights, sight.queries, sight.keys, ...sight.from, ...sight.to, focus?.side, focus?.place]);
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
