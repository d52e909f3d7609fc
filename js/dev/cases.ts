// What the development page shows: one entry a state.
import { encodeRows, FakeKernel, type FakeModel, type FakeRow, makeRows } from "../test/fake";
import { golden } from "../test/golden";

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
  remote: (model) => remote(model, 100_000),
  silent: (model) => {
    remote(model, 5_000);
    model.onSend = () => {};
  },
  again: (model) => model.change({ ...result(sentences(40, 3), SENTIMENT), ...progress({}) }),
  broken: (model) => model.change({ header: { version: 9 }, payload: null }),
};
