// The tokenizers in numbers: figures for one, a table of bars for several.
import { formatCount, formatShare, plural } from "../text";
import type { Tokenizer } from "../wire/tokenize";

/** The numbers of one tokenizer. */
export function Figures({ tokenizer }: { tokenizer: Tokenizer }) {
  return (
    <dl class="nbt-figures">
      {figuresOf(tokenizer).map(([name, value, aside]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {aside !== "" && <span class="nbt-figure-aside">{aside}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function figuresOf({ totals, model, vocabulary, limit }: Tokenizer): [string, string, string][] {
  const { tokens, words, fertility, unknown, special, cut_tokens: cut, cut_texts: texts } = totals;
  const figures: [string, string, string][] = [
    ["Tokens", formatCount(tokens), special > 0 ? `${formatCount(special)} special` : ""],
    ["Words", formatCount(words), ""],
    ["Tokens a word", fertility === null ? "–" : fertility.toFixed(2), ""],
    ["Unknown", formatCount(unknown), unknown > 0 ? unknownShare(totals) : ""],
  ];
  if (limit) {
    figures.push([
      "Cut",
      formatCount(cut),
      cut > 0 ? `in ${plural(texts, "text")}` : `limit ${formatCount(limit)}`,
    ]);
  }
  figures.push(["Vocabulary", formatCount(vocabulary), model]);
  return figures;
}

/** Of the text's own tokens: special ones are never unknown, and the notes leave them out too. */
function unknownShare({ unknown, tokens, special }: Tokenizer["totals"]): string {
  return formatShare(unknown, tokens - special);
}

interface Measure {
  key: string;
  title: string;
  /** Null where there is nothing to measure. */
  value(tokenizer: Tokenizer): number | null;
  write(value: number, tokenizer: Tokenizer): string;
  bar: boolean;
}

const MEASURES: readonly Measure[] = [
  { key: "tokens", title: "Tokens", value: ({ totals }) => totals.tokens, write: formatCount, bar: true },
  {
    key: "fertility",
    title: "Tokens a word",
    value: ({ totals }) => totals.fertility,
    write: (value) => value.toFixed(2),
    bar: true,
  },
  {
    key: "unknown",
    title: "Unknown",
    value: ({ totals }) => totals.unknown,
    write: (_, { totals }) => unknownShare(totals),
    bar: false,
  },
  {
    key: "cut",
    title: "Texts cut",
    value: ({ totals, limit }) => (limit ? totals.cut_texts : null),
    write: formatCount,
    bar: false,
  },
  {
    key: "limit",
    title: "Limit",
    value: ({ limit }) => limit || null,
    write: formatCount,
    bar: false,
  },
  { key: "words", title: "Words", value: ({ totals }) => totals.words, write: formatCount, bar: false },
  {
    key: "vocabulary",
    title: "Vocabulary",
    value: ({ vocabulary }) => vocabulary,
    write: formatCount,
    bar: false,
  },
];

/** Several tokenizers side by side. */
export function CompareTable({ tokenizers }: { tokenizers: readonly Tokenizer[] }) {
  return (
    <table class="nbt-compare">
      <thead>
        <tr>
          <th scope="col">Tokenizer</th>
          {MEASURES.map(({ key, title }) => (
            <th key={key} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {tokenizers.map((tokenizer, number) => (
          <tr key={number}>
            <th scope="row">
              <bdi>{tokenizer.name}</bdi>
              <span class="nbt-compare-model">{tokenizer.model}</span>
            </th>
            {MEASURES.map((measure) => (
              <MeasureCell key={measure.key} measure={measure} tokenizer={tokenizer} all={tokenizers} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface CellProps {
  measure: Measure;
  tokenizer: Tokenizer;
  all: readonly Tokenizer[];
}

function MeasureCell({ measure, tokenizer, all }: CellProps) {
  const value = measure.value(tokenizer);
  const most = Math.max(...all.map((other) => measure.value(other) ?? 0));
  return (
    <td data-title={measure.title} class={measure.bar ? "nbt-compare-bar" : ""}>
      {measure.bar && value !== null && (
        <span class="nbt-score-track" aria-hidden="true">
          <span class="nbt-score-fill" style={{ "--share": most > 0 ? value / most : 0 }} />
        </span>
      )}
      <span class="nbt-number">{value === null ? "–" : measure.write(value, tokenizer)}</span>
    </td>
  );
}
