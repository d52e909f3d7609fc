// What the lines say in numbers: of a query where its weight goes, of a key where it comes from.
import { useMemo } from "preact/hooks";
import { formatCount, formatShare } from "../text";
import { directionOf } from "../tokens/direction";
import { visible } from "../tokens/marks";
import { formatWeight } from "./attentionmatrix";
import { type Edge, type Side, type Sight, sharesAround, textOf } from "./edges";
import type { Focus } from "./useweights";
import { heaviest, meanRow, type Rows } from "./weights";

interface LinesReadoutProps {
  sight: Sight;
  sides: Record<Focus["side"], Side>;
  focus: Focus | null;
  /** The key that is pointed at while a query is kept. */
  other: number | null;
  rows: Rows | null;
  /** The lines that are drawn, the strongest last. */
  lines: readonly Edge[];
  most: number;
  waiting: boolean;
  colourOf(edge: Edge): string;
  onGo(side: Focus["side"], place: number): void;
  /** Save what is drawn; the page has the colours. */
  onSave(page: Element): void;
}

const LISTED = 8;

export function LinesReadout(props: LinesReadoutProps) {
  const { focus, onSave } = props;
  return (
    <div class="nbt-lines-readout">
      <div aria-live="polite">{focus ? <OfToken {...props} focus={focus} /> : <OfAll {...props} />}</div>
      <button
        type="button"
        class="nbt-button nbt-button-outlined"
        title="Save what is drawn as an SVG file"
        onClick={({ currentTarget }) => onSave(currentTarget)}
      >
        Save SVG
      </button>
    </div>
  );
}

function OfAll({ lines, most, waiting }: LinesReadoutProps) {
  const drawn =
    lines.length < most
      ? `${formatCount(lines.length)} lines.`
      : `The ${formatCount(most)} strongest lines between the tokens in sight.`;
  return (
    <p class="nbt-muted">
      {waiting ? "Waiting for the kernel…" : `${drawn} Point at a token to see its own, click to keep it.`}
    </p>
  );
}

function OfToken(props: LinesReadoutProps & { focus: Focus }) {
  const { sight, sides, focus } = props;
  const place = sight[focus.side][focus.place];
  return (
    <>
      <p class="nbt-lines-of">
        {focus.side === "queries" ? "From " : "To "}
        <Token text={place ? textOf(sides[focus.side], place) : ""} />
        <span class="nbt-number">{place?.start}</span>
      </p>
      <Listed {...props} />
      {focus.side === "queries" && <OutOfSight {...props} />}
    </>
  );
}

export function Token({ text }: { text: string }) {
  return (
    <bdi class="nbt-lines-name" dir={directionOf(text)}>
      {visible(text)}
    </bdi>
  );
}

function Listed(props: LinesReadoutProps & { focus: Focus }) {
  const { sight, sides, focus, other, rows, lines, colourOf, onGo } = props;
  const isQuery = focus.side === "queries";
  const listed = useMemo((): Edge[] => {
    if (!isQuery || !rows) return lines.slice(-LISTED).reverse();
    const only = other === null ? sight.keys : sight.keys.slice(other, other + 1);
    const most = other === null ? LISTED : rows.heads.length;
    return heaviest(rows, only, most).map((edge) => ({
      ...edge,
      from: focus.place,
      to: edge.to + (other ?? 0),
    }));
  }, [isQuery, rows, lines, sight.keys, focus.place, other]);
  return (
    <ol>
      {listed.map((edge) => {
        const [side, places, number] = isQuery
          ? [sides.keys, sight.keys, edge.to]
          : [sides.queries, sight.queries, edge.from];
        const place = places[number];
        return (
          <li key={`${edge.head} ${number}`} title={String(edge.weight)}>
            <button type="button" onClick={() => onGo(isQuery ? "keys" : "queries", number)}>
              <span class="nbt-headdot" style={{ "--colour": colourOf(edge) }} />
              <span class="nbt-number nbt-lines-weight">{formatWeight(edge.weight)}</span>
              {place && <Token text={textOf(side, place)} />}
              <span class="nbt-lines-place">{place?.start}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}

/** How much of a query's weight goes to keys that are scrolled away. */
function OutOfSight({ rows, sight }: LinesReadoutProps) {
  const { keys, to } = sight;
  const shares = useMemo(() => rows && sharesAround(meanRow(rows), keys, ...to), [rows, keys, ...to]);
  if (!shares || (to[0] === 0 && to[1] === keys.length)) return null;
  const { above, within, below } = shares;
  const all = above + within + below;
  return (
    <p class="nbt-aside">
      {`Out of sight: ${formatShare(above, all)} above, ${formatShare(below, all)} below.`}
    </p>
  );
}
