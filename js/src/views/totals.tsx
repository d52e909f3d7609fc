// How many rows each label has; a press on a label shows only its rows.
import { useState } from "preact/hooks";
import { cssColour } from "../colour";
import type { LabelFilter } from "../query/classify";
import { formatCount, formatShare, plural } from "../text";

interface TotalsProps {
  names: readonly string[];
  colours: readonly string[];
  counts: readonly number[];
  withoutScore: number;
  rows: number;
  /** While the work goes on, fewer than there are. */
  done: number;
  /** Every row has one label, so that the parts make up a whole. */
  parts: boolean;
  /** What is counted, one and several; rows unless it is something else. */
  unit?: readonly [string, string];
  filter: LabelFilter;
  onFilter(filter: LabelFilter): void;
}

interface Bucket {
  key: number | "without_score";
  name: string;
  colour: string;
  count: number;
}

/** So many labels are shown before the reader asks for the rest. */
const FIRST = 10;

export function Totals(props: TotalsProps) {
  const [all, setAll] = useState(false);
  const buckets = bucketsOf(props);
  const shown = all ? buckets : firstOf(buckets, props.filter);
  const hidden = buckets.length - shown.length;
  return (
    <section class="nbt-totals" aria-label={`${props.unit?.[1] ?? "rows"} by label`}>
      {props.parts && (
        <Stack buckets={buckets} rows={props.rows} pending={props.rows - props.done} filter={props.filter} />
      )}
      <div class="nbt-buckets">
        {shown.map((bucket) => (
          <BucketButton key={bucket.key} bucket={bucket} {...props} />
        ))}
        {(hidden > 0 || all) && (
          <button type="button" class="nbt-button" onClick={() => setAll(!all)}>
            {all ? "Show fewer" : `Show ${plural(hidden, "more label")}`}
          </button>
        )}
      </div>
    </section>
  );
}

function BucketButton({
  bucket,
  done,
  parts,
  unit = ["row", "rows"],
  filter,
  onFilter,
}: TotalsProps & { bucket: Bucket }) {
  const { key, name, colour, count } = bucket;
  const pressed = filter === key;
  const share = formatShare(count, done);
  return (
    <button
      type="button"
      class="nbt-bucket"
      aria-pressed={pressed}
      // It begins as it looks: whoever speaks to the page says what is seen.
      aria-label={`${name} ${formatCount(count)} ${share} of all ${unit[1]}`}
      disabled={count === 0 && !pressed}
      style={{ "--colour": cssColour(colour), "--share": done > 0 ? count / done : 0 }}
      onClick={() => onFilter(pressed ? null : key)}
    >
      <span class={key === "without_score" ? "nbt-dot nbt-dot-none" : "nbt-dot"} />
      <span class="nbt-bucket-name" title={name}>
        <bdi>{name}</bdi>
      </span>{" "}
      <span class="nbt-bucket-count">{formatCount(count)}</span> <span class="nbt-bucket-share">{share}</span>
      {!parts && <span class="nbt-bucket-bar" />}
    </button>
  );
}

interface StackProps {
  buckets: Bucket[];
  rows: number;
  pending: number;
  filter: LabelFilter;
}

/** One bar, divided among the labels; the buttons below say the same in words. */
function Stack({ buckets, rows, pending, filter }: StackProps) {
  return (
    <div class="nbt-stack" aria-hidden="true">
      {buckets
        .filter((bucket) => bucket.count > 0)
        .map(({ key, colour, count }) => (
          <span
            key={key}
            class={partClass(key, filter)}
            style={{ "--colour": cssColour(colour), flexGrow: count / Math.max(1, rows) }}
          />
        ))}
      {pending > 0 && (
        <span class="nbt-part nbt-part-pending" style={{ flexGrow: pending / Math.max(1, rows) }} />
      )}
    </div>
  );
}

function partClass(key: Bucket["key"], filter: LabelFilter): string {
  const off = filter !== null && filter !== key ? " nbt-part-off" : "";
  return `nbt-part${off}${key === "without_score" ? " nbt-part-none" : ""}`;
}

function bucketsOf({ names, colours, counts, withoutScore }: TotalsProps): Bucket[] {
  const labels: Bucket[] = names.map((name, key) => ({
    key,
    name,
    colour: colours[key] ?? "grey",
    count: counts[key] ?? 0,
  }));
  // Few labels keep the order of the model; many are only of use in the order of their counts.
  if (labels.length > FIRST) labels.sort((a, b) => b.count - a.count);
  if (withoutScore > 0) {
    labels.push({ key: "without_score", name: "no score", colour: "none", count: withoutScore });
  }
  return labels;
}

/** The first labels, and wherever they stand the filter that is on and the rows without a score. */
function firstOf(buckets: Bucket[], filter: LabelFilter): Bucket[] {
  if (buckets.length <= FIRST + 2) return buckets;
  return buckets.filter(({ key }, at) => at < FIRST || key === filter || key === "without_score");
}
