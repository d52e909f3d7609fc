// The batch that a model would get: every text a row, padded to the width of the longest.
import { formatCount, formatShare, plural } from "../text";
import { visible } from "../tokens/marks";
import type { Batch, Tokenizer } from "../wire/tokenize";

export function Batches({ tokenizers }: { tokenizers: readonly Tokenizer[] }) {
  const shown = tokenizers.filter(({ batch }) => batch !== null && batch.rows > 0 && batch.width > 0);
  if (shown.length === 0) return null;
  const rows = shown[0]?.batch?.rows ?? 0;
  return (
    <section class="nbt-batches" aria-label="Batch">
      <h3>
        {rows === 1 ? "The text as a batch" : `The first ${plural(rows, "text")} as one batch`}
        <span class="nbt-key nbt-key-token">token, mask 1</span>
        <span class="nbt-key nbt-key-pad">padding, mask 0</span>
        {shown.some(({ batch }) => batch?.truncated.some(Boolean)) && (
          <span class="nbt-key nbt-key-cut">text cut here</span>
        )}
      </h3>
      <div class="nbt-batch-list">
        {shown.map(({ name, batch }, number) => (
          <figure key={number} class="nbt-batch">
            {batch && <Picture batch={batch} />}
            <figcaption>
              {tokenizers.length > 1 && (
                <span class="nbt-batch-name">
                  <bdi>{name}</bdi>
                </span>
              )}
              {batch && <Words batch={batch} />}
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}

function Words({ batch }: { batch: Batch }) {
  const { rows, width, tokens, pad_tokens: pads, pad_token: pad, padding_side: side } = batch;
  return (
    <>
      <span class="nbt-batch-waste">
        <strong>{formatShare(pads, rows * width)}</strong> padding waste
      </span>
      <span>
        {formatCount(rows)} × {formatCount(width)}: {plural(tokens, "token")}
        {pads > 0 ? `, ${formatCount(pads)} ` : ", nothing to pad"}
        {pads > 0 && (pad === null ? "padding" : <bdi class="nbt-tok nbt-special">{visible(pad)}</bdi>)}
        {pads > 0 && ` on the ${side}`}
      </span>
      {pads > 0 && pad === null && <span>this tokenizer has no padding token</span>}
    </>
  );
}

/** A row is no taller than this, and the picture no taller than that. */
const ROW_PX = 12;
const TALLEST_PX = 220;
/** Up to so many columns, every token is a cell. */
const CELLS = 96;
/** Thinner rows leave no room for a line between them. */
const PARTED_PX = 4;

function Picture({ batch }: { batch: Batch }) {
  const { rows, width, lengths, padding_side: side, truncated } = batch;
  const height = Math.min(TALLEST_PX, rows * ROW_PX);
  const fill = height / rows >= PARTED_PX ? 0.86 : 1;
  const paths = { token: "", pad: "", cut: "" };
  const edge = width * CUT_SHARE;
  lengths.forEach((length, row) => {
    const pad = width - length;
    const from = side === "left" ? pad : 0;
    paths.token += rectangle(from, row, length, fill);
    if (pad > 0) paths.pad += rectangle(side === "left" ? 0 : length, row, pad, fill);
    if (truncated[row]) paths.cut += rectangle(from + length - edge, row, edge, fill);
  });
  const cells = width <= CELLS;
  return (
    <svg
      class="nbt-batch-picture"
      viewBox={`0 0 ${width} ${rows}`}
      preserveAspectRatio="none"
      style={{ height: `${height}px` }}
      role="img"
      aria-label={wordsOf(batch)}
    >
      <path class="nbt-batch-token" d={paths.token} />
      <path class="nbt-batch-pad" d={paths.pad} />
      {cells && <path class="nbt-batch-lines" d={linesOf(width, rows)} />}
      <path class="nbt-batch-cut" d={paths.cut} />
    </svg>
  );
}

/** The mark of a cut text: this share of the picture's width. */
const CUT_SHARE = 0.008;

function rectangle(x: number, y: number, width: number, height: number): string {
  return `M${x} ${y}h${width}v${height}h${-width}z`;
}

function linesOf(width: number, rows: number): string {
  return Array.from({ length: width - 1 }, (_, at) => `M${at + 1} 0v${rows}`).join("");
}

function wordsOf(batch: Batch): string {
  const { rows, width, tokens, pad_tokens: pads, padding_side: side, truncated } = batch;
  const cut = truncated.filter(Boolean).length;
  return [
    `${plural(rows, "row")} of ${plural(width, "token")}`,
    `${plural(tokens, "token")}, ${formatCount(pads)} of padding on the ${side}`,
    cut > 0 ? `${plural(cut, "text")} cut` : "no text cut",
  ].join("; ");
}
