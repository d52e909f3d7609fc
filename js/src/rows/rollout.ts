// What several heads and layers make together, of a reading whose weights are all here.
import type { PartFacts, Reading } from "../wire/attention";

/** The mean over the heads of a layer, `[query, key]`. */
export function meanOf(reading: Reading, part: PartFacts, layer: number): Float32Array {
  const mean = new Float32Array(part.queries * part.keys);
  const heads = reading.headsOf(part, layer);
  for (let head = 0; head < heads; head++) {
    reading.weights(part, layer, head)?.forEach((weight, at) => {
      mean[at] = (mean[at] ?? 0) + weight / heads;
    });
  }
  return mean;
}

/**
 * How much of each token is in each after every layer, `[token, token]` a layer: in a layer half of a token is what it
 * was before, and half what the mean of the heads attends to; layer after layer these shares are multiplied.
 */
export function rollouts(reading: Reading, part: PartFacts): Float32Array[] {
  const size = part.queries;
  const found: Float32Array[] = [];
  let mixed = new Float32Array(size * size);
  for (let token = 0; token < size; token++) mixed[token * size + token] = 1;
  for (let layer = 0; layer < part.layers; layer++) {
    mixed = mixedOn(meanOf(reading, part, layer), mixed, size);
    found.push(mixed);
  }
  return found;
}

function mixedOn(mean: Float32Array, before: Float32Array, size: number): Float32Array<ArrayBuffer> {
  const mixed = new Float32Array(size * size);
  for (let query = 0; query < size; query++) {
    const row = mean.subarray(query * size, (query + 1) * size);
    const sum = row.reduce((total, weight) => total + weight, 1);
    for (let key = 0; key < size; key++) {
      const share = ((row[key] ?? 0) + Number(query === key)) / sum;
      if (share === 0) continue;
      for (let of = 0; of < size; of++) {
        const at = query * size + of;
        mixed[at] = (mixed[at] ?? 0) + share * (before[key * size + of] ?? 0);
      }
    }
  }
  return mixed;
}

/** Of one token through the layers, `[layer, token]`: what is in it, or how much of it is in each. */
export function flowOf(
  reading: Reading,
  part: PartFacts,
  token: number,
  direction: "from" | "to",
): Float32Array {
  const size = part.queries;
  const flow = new Float32Array(part.layers * size);
  rollouts(reading, part).forEach((mixed, layer) => {
    for (let other = 0; other < size; other++) {
      const at = direction === "to" ? token * size + other : other * size + token;
      flow[layer * size + other] = mixed[at] ?? 0;
    }
  });
  return flow;
}
