// How the weights of one query in one head come about, as the kernel answers it.
import { checkLengths, type Sections } from "./sections";

export interface StepsFacts {
  query: number;
  /** What the products are multiplied by, 1/√d_k mostly. */
  scaling: number;
  /** Scores are kept within ± this; null for no cap. */
  softcap: number | null;
  /** The score of the sink, whose weight is left out; null where there is none. */
  sink: number | null;
  dims: number;
  /** All keys, and how many of them the query may not see. */
  keys: number;
  masked_keys: number;
  /** What the scores are lessened by, so that they are the logarithms of the weights. */
  log_sum: number | null;
}

/** Of the heaviest keys, in the order of the text; every number is the model's own. */
export interface Steps {
  facts: StepsFacts;
  /** `[dim]`. */
  q: Float32Array;
  /** The keys' places in the text. */
  keys: Uint32Array;
  /** `[key, dim]`, as are the products and the values. */
  k: Float32Array;
  products: Float32Array;
  v: Float32Array;
  /** `[key]`; -Infinity where masked. */
  scores: Float32Array;
  /** `[key]`, what is added for the distance; null where nothing is. */
  bias: Float32Array | null;
  masked: Uint8Array;
  weights: Float32Array;
  /** `[dim]`. */
  output: Float32Array;
  /** `[head * dim]`. */
  concatenated: Float32Array;
  /** `[hidden]`. */
  projected: Float32Array;
}

export function readSteps(facts: StepsFacts, read: Sections): Steps {
  const steps: Steps = {
    facts,
    q: read.float32("q"),
    keys: read.uint32("keys"),
    k: read.float32("k"),
    products: read.float32("products"),
    v: read.float32("v"),
    scores: read.float32("scores"),
    bias: read.has("bias") ? read.float32("bias") : null,
    masked: read.uint8("masked"),
    weights: read.float32("weights"),
    output: read.float32("head_output"),
    concatenated: read.float32("concatenated"),
    projected: read.float32("projected"),
  };
  const { keys, k, products, scores, bias, masked, weights } = steps;
  const count = keys.length;
  checkLengths(
    count,
    [scores, masked, weights, bias ?? scores].map(({ length }) => length),
  );
  checkLengths(count * facts.dims, [k.length, products.length]);
  return steps;
}
