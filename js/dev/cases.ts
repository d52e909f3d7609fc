// What the development page shows: one entry a state.

import attention from "../../tests/golden/attention.json";
import goldenStored from "../../tests/golden/stored.json";
import vectors from "../../tests/golden/vectors.json";
import { encodeRows, FakeKernel, type FakeModel, type FakeRow, makeRows } from "../test/fake";
import { ANSWERS, FILLED, traitsOf } from "../test/fakeanswers";
import { type FakeAttention, FakeAttentionKernel, fakeAttention } from "../test/fakeattention";
import { goldenEntities } from "../test/fakeentities";
import { type FakeWritten, generated } from "../test/fakegenerated";
import { type FakeRun, FakeRunKernel, fakeHeader } from "../test/fakerun";
import { FakeTokenKernel, fakeTexts, TOYS, tokenized } from "../test/faketokens";
import { golden, goldenGenerated } from "../test/golden";
import { goldenRun } from "../test/goldenrun";

const SENTENCES = [
  "A warm, funny and quietly devastating film that earns every one of its tears.",
  "I want my two hours back.",
  "The plot makes no sense, but the photography is stunning and the score never lets go.",
  "这部电影很好看，值得再看一遍。",
  "كان الفيلم طويلاً ومملاً",
  "The whole family loved it 👩‍👩‍👧‍👦🎬",
  "Neither good nor bad: it is exactly what the poster promises, no more and no less, and that will do for a rainy Sunday.",
  "<img src=x onerror=alert(1)> is not a review",
  "Überraschend gut.\nZweite Zeile.\tTab.",
  "It was fine.",
];

const FACTS = [
  ["Model", "movie-sentiment-minilm"],
  ["Revision", "8f2c1e0"],
  ["Device", "cpu · 2 threads"],
  ["Token budget", "1,024"],
  ["Tokens", "53,210 · 16,800 tokens/s"],
  ["Padding waste", "1.2%"],
];

type Change = Record<string, unknown>;

function goldenVectors(name: keyof typeof vectors): Change {
  const { header, payload_base64 } = vectors[name];
  const bytes = Uint8Array.from(atob(payload_base64), (character) => character.charCodeAt(0));
  return { kind: header.kind, header, payload: new DataView(bytes.buffer) };
}

/** A header and payload of all rows, as after a run. */
function result(rows: FakeRow[], labels: string[], change: Change = {}): Change {
  const width = Math.max(1, labels.length);
  const counts = labels.map(() => 0);
  let missing = 0;
  for (const { scores } of rows) {
    if (!scores) missing += 1;
    else {
      const best = Array.from(scores).indexOf(Math.max(...Array.from(scores)));
      counts[best] = (counts[best] ?? 0) + 1;
    }
  }
  const { sections, payload } = encodeRows(rows, width);
  const header = {
    version: 1,
    kind: "classify",
    title: "movie-sentiment-minilm",
    subtitle: `${rows.length.toLocaleString("en-US")} texts · 3.2 s`,
    problem: "single_label",
    labels,
    rows: rows.length,
    inline: true,
    threshold: 0.5,
    top_k: null,
    totals: { counts, without_score: missing },
    facts: FACTS,
    notes: [],
    sections,
    ...change,
  };
  return { header, payload };
}

function sentences(count: number, labels: number): FakeRow[] {
  const rows = makeRows(count, labels, (at) => SENTENCES[at % SENTENCES.length] ?? "");
  return rows.map((row) =>
    row.position % 97 === 13 ? { ...row, text: "", scores: null, reason: "missing text" } : row,
  );
}

const SENTIMENT = ["negative", "neutral", "positive"];
const EMOTIONS =
  "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment disapproval disgust embarrassment excitement fear gratitude grief joy love nervousness optimism pride realization relief remorse sadness surprise neutral".split(
    " ",
  );

/** Several labels a row: the arithmetic's best, and some more. */
function emotionRows(count: number): FakeRow[] {
  return sentences(count, EMOTIONS.length).map((row) => {
    const scores = EMOTIONS.map((_, label) => Math.abs(Math.sin(row.position * 3.7 + label * label)) ** 9);
    return { ...row, scores: row.scores && scores };
  });
}

function regression(): Change {
  const rows = sentences(400, 1).map((row) => ({
    ...row,
    scores: row.scores && [Math.sin(row.position * 1.7) * 2.2 + Math.cos(row.position) + 0.7],
  }));
  const values = rows.flatMap((row) => (row.scores ? [row.scores[0] ?? 0] : []));
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const bins = 30;
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor(((value - min) / (max - min)) * bins));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const edges = Array.from({ length: bins + 1 }, (_, at) => min + ((max - min) * at) / bins);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const totals = { counts, edges, mean, min, max, without_score: rows.length - values.length };
  return result(rows, ["score"], { problem: "regression", title: "stars-regressor", totals });
}

/** A result that stays in the kernel, which answers after a while. */
function remote(model: FakeModel, count: number): void {
  const rows = sentences(count, 3);
  const shown = encodeRows(rows.slice(0, 200), 3);
  const all = result(rows, SENTIMENT, { inline: false, sections: shown.sections });
  model.change({ ...all, payload: shown.payload });
  const kernel = new FakeKernel(model, rows, 3, { problem: "single_label", threshold: 0.5 });
  model.onSend = (message) => setTimeout(() => kernel.answer(message), 150);
}

/** The first rows of a thousand, as far as they are done. */
function partial(done: number): Change {
  const rows = sentences(100, 3).map((row) =>
    (row.position * 7) % 10 < 5 ? row : { ...row, scores: null, reason: null, pending: true },
  );
  const change = {
    partial: true,
    inline: false,
    done,
    rows: 1000,
    subtitle: "",
    facts: [],
  };
  const totals = { counts: [130, 71, 205], without_score: 6 };
  return { ...result(rows, SENTIMENT, { ...change, totals }), ...progress({}) };
}

const NOTES = ["3 texts were cut at 512 tokens: 1,204 tokens were not read."];

const progress = (change: Change) => ({
  progress: {
    stage: "running",
    message: "movie-sentiment-minilm",
    done: 412,
    total: 1000,
    unit: "texts",
    tokens_per_s: 16800,
    eta_s: 7.4,
    ...change,
  },
});

const TOKEN_TEXTS = [
  "The tokenizer reads unbelievable words, and internationalisation isn't easy.",
  "这部电影很好看，值得再看一遍。",
  "كان الفيلم طويلاً ومملاً، لكنّ الموسيقى رائعة",
  "The whole family loved it 👩‍👩‍👧‍👦🎬 👍🏽!",
  "Cafe\u0301, nai\u0308ve, E\u0301CLAIR — ﬁne 𝓐 wonder",
  "अच्छी फ़िल्म और बढ़िया संगीत",
  "<img src=x onerror=alert(1)> <b>bold</b>",
  "def f(x):\n\treturn  x + 1\n\n# two  spaces\u00a0and a no-break one",
  "",
  "She said: «שלום עולם» and left.",
];

const STORY =
  "It was a bright cold day in April, and the clocks were striking thirteen. Winston slipped quickly through the glass doors of Victory Mansions, though not quickly enough to prevent a swirl of gritty dust from entering along with him.\n";

const LONG = STORY.repeat(12).trimEnd();
/** About a megabyte, of many lines and some very long ones. */
const HUGE = Array.from({ length: 900 }, (_, at) => `${at + 1}. ${STORY.repeat(1 + (at % 9))}`).join("\n");

type Toys = keyof typeof TOYS;

function tokens(texts: readonly (string | null)[], toys: readonly Toys[], change: Change = {}): Change {
  const tokenizers = toys.map((name) => ({ ...TOYS[name], ...change }));
  return tokenized(fakeTexts(texts, tokenizers), tokenizers);
}

/** A text of which only the beginning travels, and a kernel that has the rest. */
function hugeText(model: FakeModel): void {
  const tokenizers = [TOYS.bytes];
  const travel = { tokens: 2_000, characters: 12_000 };
  const texts = fakeTexts([HUGE], tokenizers);
  model.change(tokenized(texts, tokenizers, travel));
  const kernel = new FakeTokenKernel(model, texts, 1, travel);
  model.onSend = (message) => setTimeout(() => kernel.answer(message), 40);
}

function manyTexts(model: FakeModel, count: number): void {
  const tokenizers = [TOYS.wordpiece, TOYS.bytes];
  const texts = fakeTexts(
    Array.from({ length: count }, (_, at) => TOKEN_TEXTS[at % TOKEN_TEXTS.length] ?? ""),
    tokenizers,
  );
  model.change(tokenized(texts, tokenizers, { rows: 100 }));
  const kernel = new FakeTokenKernel(model, texts, 2);
  model.onSend = (message) => setTimeout(() => kernel.answer(message), 100);
}

/** A text cut as a byte-level tokenizer might: by words, by letters of other scripts, and within them. */
function cut(text: string): FakeWritten[] {
  const parts = text.match(/\s?[\u0020-\u02ff]+?(?=\s|$)|[\u0600-\u06ff]{1,2}|[^\u0020-\u02ff]|\s+/gu) ?? [];
  return parts.map((part, at) => [part, Math.abs(Math.sin(at * 1.9)) ** 0.3]);
}

const WRITTEN = {
  english: cut(
    "Here is a function that reverses a list:\n\n```python\ndef reverse(items):\n    return list(reversed(items))\n```\n\nIt takes the items from the last to the first, and makes a new list of them.",
  ),
  scripts: cut(
    "这部电影很好看，值得再看一遍。\nكان الفيلم طويلاً ومملاً لكنه جميل\nLoved it 👩‍👩‍👧‍👦🎬 🇩🇪 नमस्ते Cafe\u0301",
  ),
};

function written(model: FakeModel, tokens: readonly FakeWritten[]) {
  model.change(
    generated([...tokens, ["", 0.4]], { depth: 1, subtitle: "1 prompt · 2.1 s" }, "Write something."),
  );
  const alternatives = [
    { id: 1, text: " Paris", probability: 0.61, chosen: true },
    { id: 2, text: " the", probability: 0.2, chosen: false },
    { id: 3, text: "\n", probability: 0.05, chosen: false },
    { id: 4, text: "电影", probability: 0.001, chosen: false },
  ];
  model.onSend = ({ id, type }) => {
    if (type === "request")
      setTimeout(() => model.receive({ type: "reply", id, ok: true, result: alternatives }));
  };
}

/** A text cut into tokens as a word-piece tokenizer might. */
function attended(text: string): [string, string, number][] {
  const parts = text.match(/[A-Za-z]{1,6}|[\u0600-\u06ff]+|[^\u0020]\p{M}*/gu) ?? [];
  let end = 0;
  return parts.map((part) => {
    const at = text.indexOf(part, end);
    const goesOn = at === end && at > 0 && /^[A-Za-z]/.test(part);
    end = at + part.length;
    return goesOn ? [`##${part}`, part, 2] : [part, part, 0];
  });
}

function attend(model: FakeModel, text: string, change: Partial<FakeAttention> = {}): void {
  const tokens = [["[CLS]", "[CLS]", 1], ...attended(text), ["[SEP]", "[SEP]", 1]] as const;
  const fake: FakeAttention = { tokens: tokens as FakeAttention["tokens"], layers: 6, heads: 12, ...change };
  model.change(fakeAttention(fake));
  const kernel = new FakeAttentionKernel(model, fake);
  model.onSend = (message) => setTimeout(() => kernel.answer(message), 60);
}

function goldenAttention(name: keyof typeof attention): Change {
  const { header, payload_base64 } = attention[name];
  const bytes = Uint8Array.from(atob(payload_base64), (character) => character.charCodeAt(0));
  return { kind: "attention", header, payload: new DataView(bytes.buffer) };
}

const RUN: FakeRun = {
  steps: 420,
  planned: 750,
  epoch: 125,
  log: `Loading weights\n${Array.from({ length: 60 }, (_, at) => `step ${at} loss ${(2 / (at + 1)).toFixed(3)} <b>bold</b>`).join("\n")}\n`,
  report: {
    labels: ["negative", "<b>mixed</b>", "正面", "سلبي"],
    confusion: [
      [212, 14, 9, 3],
      [22, 180, 31, 6],
      [4, 25, 301, 0],
      [1, 0, 2, 90],
    ],
    by_label: {
      negative: { precision: 0.887, recall: 0.891, f1: 0.889, support: 238 },
      "<b>mixed</b>": { precision: 0.822, recall: 0.753, f1: 0.786, support: 239 },
      正面: { precision: 0.878, recall: 0.912, f1: 0.895, support: 330 },
      سلبي: { precision: 0.909, recall: 0.968, f1: 0.938, support: 93 },
    },
    mistakes: [...TOKEN_TEXTS.slice(0, 4), "<img src=x onerror=alert(1)> hostile", STORY.repeat(4)].map(
      (text, at) => ({
        row: at * 17,
        text,
        expected: at % 2 ? "正面" : "سلبي",
        predicted: "<b>mixed</b>",
        score: 0.99 - at / 50,
        loss: 6.2 - at / 3,
      }),
    ),
  },
};

const STARTING: FakeRun["facts"] = {
  state: "starting",
  stage: { stage: "loading", done: null, total: null },
  plan: null,
  progress: {
    step: 0,
    steps: null,
    epoch: null,
    eta_s: null,
    elapsed_s: 3,
    tokens_per_s: null,
    memory: null,
    gpu_memory: null,
  },
};

const FAILED: FakeRun["facts"] = {
  state: "failed",
  message: "The loss is not a number since step 131: the learning rate of 0.5 is too high.",
  hint: "Type `--lr 2e-5`, or resume with `lr ×½`.",
  notes: ["Memory ran out at step 12: each step is now 4 × 4 rows, which comes to the same."],
};

function trained(model: FakeModel, run: FakeRun, every = 0): void {
  model.change(fakeHeader(run));
  const kernel = new FakeRunKernel(model, run);
  model.onSend = (message) => setTimeout(() => kernel.answer(message), 40);
  if (every > 0) setInterval(() => kernel.goOn(1 + (every > 20 ? 9 : 0)), every > 20 ? 100 : 500);
}

export const CASES: Record<string, (model: FakeModel) => void> = {
  starting: () => {},
  loading: (model) =>
    model.change(
      progress({ stage: "loading", total: null, done: 0, unit: "", tokens_per_s: null, eta_s: null }),
    ),
  running: (model) => model.change(progress({})),
  error: (model) =>
    model.change({
      error: { message: 'No model named "movie-sentimnt". Did you mean "movie-sentiment-minilm"?' },
    }),
  one: (model) =>
    model.change(
      result(
        makeRows(1, 3, () => SENTENCES[0] ?? ""),
        SENTIMENT,
      ),
    ),
  one_label: (model) =>
    model.change(
      result(
        makeRows(1, 2, () => SENTENCES[1] ?? ""),
        ["negative", "positive"],
      ),
    ),
  three: (model) => model.change(result(sentences(3, 2), ["negative", "positive"])),
  golden: (model) => {
    const { header, payload } = golden("single_label");
    model.change({ header, payload });
    model.onSend = ({ type, id }) => {
      if (type === "request") {
        setTimeout(() =>
          model.receive({ type: "reply", id, ok: true, result: { text: "The whole text.\nAll of it." } }),
        );
      }
    };
  },
  local: (model) => model.change(result(sentences(10_000, 3), SENTIMENT, { notes: NOTES })),
  top_k: (model) =>
    model.change(
      result(sentences(50, 5), ["sports", "politics", "science", "arts", "economy"], { top_k: 3 }),
    ),
  multi_label: (model) => {
    const rows = emotionRows(600);
    const counts = EMOTIONS.map((_, label) => rows.filter((row) => (row.scores?.[label] ?? 0) >= 0.5).length);
    const totals = { counts, without_score: rows.filter((row) => !row.scores).length };
    model.change(result(rows, EMOTIONS, { problem: "multi_label", title: "go-emotions", totals }));
  },
  regression: (model) => model.change(regression()),
  partial: (model) => model.change(partial(412)),
  partial_regression: (model) => {
    const { header, payload } = regression() as { header: Change; payload: unknown };
    const totals = { counts: [], edges: [], mean: null, min: null, max: null, without_score: 0 };
    model.change({ header: { ...header, partial: true, done: 0, totals }, payload, ...progress({}) });
  },
  selected: (model) => {
    model.change({ ...result(sentences(40, 3), SENTIMENT), selection: [1, 2, 3, 5, 13] });
    model.onSend = ({ type, id, params }) => {
      const file = { name: `movie-sentiment-minilm.${params?.format}`, folder: "/home/you/notebooks" };
      const written = { ...file, rows: 5, size: "1.2 kB", notes: [] };
      if (type === "request")
        setTimeout(() => model.receive({ type: "reply", id, ok: true, result: written }));
    };
  },
  remote: (model) => remote(model, 100_000),
  silent: (model) => {
    remote(model, 5_000);
    model.onSend = () => {};
  },
  again: (model) => model.change({ ...result(sentences(40, 3), SENTIMENT), ...progress({}) }),
  entities: (model) => {
    const { header, payload } = goldenEntities;
    model.change({ kind: "entities", header, payload });
  },
  answers: (model) => model.change(traitsOf("answer", ANSWERS.own)),
  answers_of_one_question: (model) => model.change(traitsOf("answer", ANSWERS.asked)),
  filled: (model) => model.change(traitsOf("fill", FILLED)),
  generated: (model) => written(model, WRITTEN.english),
  generated_scripts: (model) => written(model, WRITTEN.scripts),
  generated_running: (model) => {
    const change = { partial: true, inline: false, subtitle: "12 tokens · 16 tokens/s" };
    model.change({ ...generated(WRITTEN.english.slice(0, 12), change), ...progress({}) });
    model.change({ progress: { ...(model.get("progress") as object), stop: "message" } });
  },
  generated_many: (model) => {
    const { header, payload } = goldenGenerated();
    model.change({ kind: "generate", header, payload });
  },
  tokens_one: (model) => model.change(tokens([TOKEN_TEXTS[0] ?? ""], ["wordpiece"])),
  tokens_chinese: (model) => model.change(tokens([TOKEN_TEXTS[1] ?? ""], ["bytes"])),
  tokens_arabic: (model) => model.change(tokens([TOKEN_TEXTS[2] ?? ""], ["wordpiece", "bytes", "pieces"])),
  tokens_emoji: (model) => model.change(tokens([TOKEN_TEXTS[3] ?? ""], ["wordpiece", "bytes", "pieces"])),
  tokens_code: (model) => model.change(tokens([TOKEN_TEXTS[7] ?? ""], ["bytes"])),
  tokens_long: (model) => model.change(tokens([LONG], ["wordpiece"])),
  tokens_huge: hugeText,
  tokens_table: (model) => model.change(tokens(TOKEN_TEXTS, ["wordpiece"], { limit: 16 })),
  tokens_three: (model) => model.change(tokens(TOKEN_TEXTS, ["wordpiece", "bytes", "pieces"])),
  tokens_remote: (model) => manyTexts(model, 5_000),
  embeddings: (model) => model.change(goldenVectors("embed")),
  similarity: (model) => model.change(goldenVectors("similar")),
  similarity_crosswise: (model) => model.change(goldenVectors("crosswise")),
  attention: (model) =>
    attend(model, "The cat sat on the mat because it was unbelievably tired of <b>running</b>."),
  attention_three: (model) => model.change(goldenAttention("encoder-decoder")),
  attention_scripts: (model) =>
    attend(model, "这部电影很好看 كان الفيلم طويلاً ومملاً 👩‍👩‍👧‍👦 🎬 नमस्ते Cafe\u0301", { whole: 60_000 }),
  attention_difference: (model) => model.change(goldenAttention("difference")),
  attention_long: (model) => attend(model, STORY.repeat(80), { layers: 2, heads: 9, causal: true }),
  attention_many_heads: (model) =>
    attend(model, "Many heads, and few words.", { layers: 80, heads: 64, causal: true, whole: 0 }),
  training_starting: (model) => trained(model, { ...RUN, steps: 0, facts: STARTING }),
  training: (model) => trained(model, RUN, 20),
  training_paused: (model) =>
    trained(model, {
      ...RUN,
      steps: 190,
      facts: { state: "paused", lr_changes: [{ step: 150, factor: 0.5 }] },
    }),
  training_failed: (model) => trained(model, { ...RUN, steps: 140, facts: FAILED }),
  training_dead: (model) => trained(model, { ...RUN, steps: 140, facts: { state: "dead" } }),
  training_done: (model) => trained(model, { ...RUN, steps: 750, facts: { state: "done", stage: null } }),
  training_million: (model) => trained(model, { steps: 1_000_000, planned: 1_200_000, epoch: 200_000 }, 50),
  training_hostile: (model) => model.change(goldenRun("failed")),
  stored: (model) => model.change({ kind: "stored", header: goldenStored.header }),
  broken: (model) => model.change({ header: { version: 9 }, payload: null }),
};
