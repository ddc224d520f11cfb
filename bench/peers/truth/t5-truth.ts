// A T5 with ReLU in float64, as defined in Raffel et al. 2019, section 2.1.
import { attention, type Dense, dense, matmul, rmsNorm } from "../../../src/reference/index.ts";
import type { SequenceProblem } from "../problems.ts";
import { t5Bucket, t5Ids, t5Small, t5Sources, t5Tensors } from "../t5.ts";
import type { TokensTruth } from "./truth.ts";

/** The sizes and weights of a T5. */
export interface T5Parts {
  /** By their names in a checkpoint. */
  readonly weights: Readonly<Record<string, Dense>>;
  readonly layers: { readonly encoder: number; readonly decoder: number };
  readonly heads: number;
  readonly buckets: number;
  readonly farthest: number;
  readonly eps: number;
}

/** Keys and values `[h, s, d]`. */
interface Kept {
  keys: Float64Array;
  values: Float64Array;
}

/** The functions that both stacks of a T5 use. */
function layersOf({ weights, heads, eps, ...sizes }: T5Parts) {
  const weight = (name: string): Dense => {
    const found = weights[`${name}.weight`];
    if (!found) throw new RangeError(`the checkpoint has no ${name}.weight`);
    return found;
  };
  const linear = (x: Dense, name: string) => matmul({ x, weight: weight(name) }).y;
  const norm = (x: Dense, name: string) => rmsNorm({ x, weight: weight(name) }, { eps }).y;
  const added = (a: Dense, b: Dense) =>
    dense(
      a.shape,
      a.values.map((value, i) => value + (b.values[i] ?? Number.NaN)),
    );
  /** `[t, h · d]` → `[h, t, d]`. */
  const split = ({ shape: [t = 0, inner = 0], values }: Dense): Float64Array => {
    const d = inner / heads;
    return values.map((_, i) => values[(Math.floor(i / d) % t) * inner + Math.floor(i / (t * d)) * d + (i % d)] ?? 0);
  };
  /**
   * Attention of tokens over the kept keys and values, with or without a bias by distance; the last query is at the
   * last key's position.
   */
  const attend = (x: Dense, at: string, { keys, values }: Kept, bias: "encoder" | "decoder" | undefined) => {
    const q = linear(x, `${at}.q`);
    const [t = 0, inner = 0] = q.shape;
    const d = inner / heads;
    const rows = (all: Float64Array) => dense([1, heads, all.length / inner, d], all);
    const table = bias && weight(`${bias}.block.0.layer.0.SelfAttention.relative_attention_bias`).values;
    const { out } = attention(
      { q: rows(split(q)), k: rows(keys), v: rows(values) },
      {
        scale: 1,
        score: (score, _b, head, query, key) =>
          table ? score + (table[t5Bucket(key - query, sizes, bias === "encoder") * heads + head] ?? 0) : score,
      },
    );
    const joined = dense(
      [t, inner],
      Float64Array.from({ length: t * inner }, (_, i) => {
        const [row, column] = [Math.floor(i / inner), i % inner];
        return out.values[(Math.floor(column / d) * t + row) * d + (column % d)] ?? 0;
      }),
    );
    return linear(joined, `${at}.o`);
  };
  const feed = (x: Dense, at: string) => {
    const hidden = linear(x, `${at}.wi`);
    return linear(
      dense(
        hidden.shape,
        hidden.values.map((value) => Math.max(value, 0)),
      ),
      `${at}.wo`,
    );
  };
  const keysOf = (x: Dense, at: string): Kept => ({
    keys: split(linear(x, `${at}.k`)),
    values: split(linear(x, `${at}.v`)),
  });
  const rowsOf = (ids: readonly number[]) => {
    const { shape, values } = weight("shared");
    const width = shape[1] ?? 0;
    return dense(
      [ids.length, width],
      Float64Array.from(ids.flatMap((id) => [...values.subarray(id * width, (id + 1) * width)])),
    );
  };
  return { weight, linear, norm, added, attend, feed, keysOf, rowsOf };
}

/** The logits after each token that is passed in, one after the other, for one source. */
export function t5Decoder(source: readonly number[], parts: T5Parts): (token: number) => Float64Array {
  const { weight, linear, norm, added, attend, feed, keysOf, rowsOf } = layersOf(parts);
  const { layers, heads } = parts;
  let states = rowsOf(source);
  for (let layer = 0; layer < layers.encoder; layer++) {
    const [own, last] = [0, 1].map((i) => `encoder.block.${layer}.layer.${i}`) as [string, string];
    const x = norm(states, `${own}.layer_norm`);
    const kept = keysOf(x, `${own}.SelfAttention`);
    states = added(states, attend(x, `${own}.SelfAttention`, kept, "encoder"));
    states = added(states, feed(norm(states, `${last}.layer_norm`), `${last}.DenseReluDense`));
  }
  const encoded = norm(states, "encoder.final_layer_norm");
  const crossed = Array.from({ length: layers.decoder }, (_, layer) =>
    keysOf(encoded, `decoder.block.${layer}.layer.1.EncDecAttention`),
  );
  const own: Kept[] = crossed.map(() => ({ keys: new Float64Array(0), values: new Float64Array(0) }));
  return (token) => {
    let x = rowsOf([token]);
    for (let layer = 0; layer < layers.decoder; layer++) {
      const [self, cross, last] = [0, 1, 2].map((i) => `decoder.block.${layer}.layer.${i}`) as [string, string, string];
      const [kept, read] = [own[layer], crossed[layer]];
      if (!kept || !read) throw new RangeError(`there is no layer ${layer}`);
      const y = norm(x, `${self}.layer_norm`);
      const fresh = keysOf(y, `${self}.SelfAttention`);
      kept.keys = appended(kept.keys, fresh.keys, heads);
      kept.values = appended(kept.values, fresh.values, heads);
      x = added(x, attend(y, `${self}.SelfAttention`, kept, "decoder"));
      x = added(x, attend(norm(x, `${cross}.layer_norm`), `${cross}.EncDecAttention`, read, undefined));
      x = added(x, feed(norm(x, `${last}.layer_norm`), `${last}.DenseReluDense`));
    }
    const y = norm(x, "decoder.final_layer_norm");
    if (parts.weights["lm_head.weight"]) return linear(y, "lm_head").values;
    const scaled = dense(
      y.shape,
      y.values.map((value) => value / Math.sqrt(y.values.length)),
    );
    return matmul({ x: scaled, weight: weight("shared") }).y.values;
  };
}

/** `[h, s + 1, d]` from `[h, s, d]` and `[h, 1, d]`. */
function appended(before: Float64Array, fresh: Float64Array, heads: number): Float64Array {
  const [own, d] = [before.length / heads, fresh.length / heads];
  const all = new Float64Array(before.length + fresh.length);
  for (let head = 0; head < heads; head++) {
    all.set(before.subarray(head * own, (head + 1) * own), head * (own + d));
    all.set(fresh.subarray(head * d, (head + 1) * d), head * (own + d) + own);
  }
  return all;
}

/**
 * The greedy texts of all sources in float64, one after the other. Throws a RangeError if a text ends by itself,
 * because engines would stop at different tokens.
 */
export function truthOfSequences(problem: SequenceProblem): TokensTruth {
  const { layers, heads, buckets, farthest, eps } = t5Small;
  const weights = Object.fromEntries(
    Object.entries(t5Tensors()).map(([name, { shape, values }]) => [name, dense(shape, values)]),
  );
  const parts = { weights, layers: { encoder: layers, decoder: layers }, heads, buckets, farthest, eps };
  const tokens: number[] = [];
  let margin = Number.POSITIVE_INFINITY;
  for (const source of t5Sources(problem)) {
    const decode = t5Decoder(source, parts);
    let last: number = t5Ids.start;
    for (let i = 0; i < problem.tokens; i++) {
      const [best, second] = twoLargest(decode(last));
      if (best.index === t5Ids.end) throw new RangeError(`${problem.text}: a text ends after ${i} tokens`);
      tokens.push(best.index);
      margin = Math.min(margin, best.value - second.value);
      last = best.index;
    }
  }
  return { tokens, margin };
}

function twoLargest(values: Float64Array) {
  const none = { index: -1, value: Number.NEGATIVE_INFINITY };
  let [best, second] = [none, none];
  for (const [index, value] of values.entries()) {
    if (value > best.value) [best, second] = [{ index, value }, best];
    else if (value > second.value) second = { index, value };
  }
  return [best, second] as const;
}
