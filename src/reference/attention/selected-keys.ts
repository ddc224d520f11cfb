// Attention over selected keys: which keys a query selects, and what it gives of them.
import { finite, integer, required } from "../../options/checks.ts";
import { given, tensor } from "../arguments.ts";
import { at, axes, type Dense, dense } from "../dense.ts";
import { type AttentionState, attention } from "./attention.ts";

/** The tensors of {@link indexScores}. */
export interface IndexTensors {
  /** `[b, h, t, d]` */
  readonly q: Dense;
  /** One head for all of the queries', `[b, s, d]`. */
  readonly k: Dense;
  /** Of the heads at each token, `[b, t, h]`. */
  readonly weights: Dense;
}

/** Where the queries are. */
export interface IndexOptions {
  /** Position of the first query; default s − t. */
  readonly start?: number | undefined;
}

/**
 * Scores of keys for a selection (DeepSeek-AI 2025, the lightning indexer): `scores[t, s] = Σ weights[t, h] · max(0,
 * q[h, t] · k[s])` over the heads, and −∞ for keys after the query. `[b, t, s]`. Throws a RangeError for shapes that do
 * not fit.
 */
export function indexScores(tensors: IndexTensors, options: IndexOptions = {}): { scores: Dense } {
  const { q, k, weights } = given("indexScores", tensors, { q: tensor, k: tensor, weights: tensor });
  given("indexScores", options, { start: integer() });
  const patterns = { q: "b h t d", k: "b s d", weights: "b t h" } as const;
  const { b, h, t, s, d } = axes("indexScores", { q, k, weights }, patterns);
  const { start = s - t } = options;
  const scores = dense([b, t, s], new Float64Array(b * t * s).fill(Number.NEGATIVE_INFINITY));
  for (let row = 0; row < b * t; row++) {
    const [batch, token] = [Math.floor(row / t), row % t];
    for (let key = 0; key < Math.min(s, start + token + 1); key++) {
      let sum = 0;
      for (let head = 0; head < h; head++) {
        let product = 0;
        for (let i = 0; i < d; i++) {
          product += at(q.values, ((batch * h + head) * t + token) * d + i) * at(k.values, (batch * s + key) * d + i);
        }
        sum += at(weights.values, row * h + head) * Math.max(0, product);
      }
      scores.values[row * s + key] = sum;
    }
  }
  return { scores };
}

/** How many keys are selected. */
export interface SelectOptions {
  readonly count: number;
}

/** What stands in the place of a key where a query has none. */
export const noKey = 0xffffffff;

/**
 * The indices of the `count` largest of each row's scores, in ascending order; of equal scores those of lower indices.
 * Scores of −∞ and NaN are not selected: {@link noKey} fills what is left, at the end. scores `[..., s]` → indices
 * `[..., count]`.
 */
export function selectKeys(tensors: { readonly scores: Dense }, options: SelectOptions): { indices: Dense } {
  const { scores } = given("selectKeys", tensors, { scores: tensor });
  const { count } = given("selectKeys", options, { count: required(integer(1)) });
  const { rows, s } = axes("selectKeys", { scores }, { scores: "...rows s" } as const);
  const indices = dense([...scores.shape.slice(0, -1), count], new Float64Array(rows * count).fill(noKey));
  for (let row = 0; row < rows; row++) {
    const own = scores.values.subarray(row * s, (row + 1) * s);
    const best = [...own.keys()]
      .filter((key) => at(own, key) > Number.NEGATIVE_INFINITY)
      .sort((a, b) => at(own, b) - at(own, a) || a - b)
      .slice(0, count);
    indices.values.set(
      best.sort((a, b) => a - b),
      row * count,
    );
  }
  return { indices };
}

/** The tensors of {@link selectedAttention}. */
export interface SelectedTensors {
  /** `[b, h, t, d]` */
  readonly q: Dense;
  /** `[b, g, s, d]` */
  readonly k: Dense;
  /** `[b, g, s, dv]` */
  readonly v: Dense;
  /** Of keys or blocks of keys, `[b, m, t, n]`: query head i has those of head floor(i · m / h). */
  readonly indices: Dense;
}

/** Options of {@link selectedAttention}. */
export interface SelectedOptions {
  /** Keys of a block, of which an index stands for all up to the query; default 1. */
  readonly block?: number | undefined;
  /** Factor of the dot product; default 1/√d. */
  readonly scale?: number | undefined;
  /** Position of the first query; default s − t. */
  readonly start?: number | undefined;
}

/** The keys that a query selects: those of its blocks, up to itself. Throws for what is no selection. */
function selection(indices: Float64Array, block: number, position: number, s: number): ReadonlySet<number> {
  const keys = new Set<number>();
  for (const index of indices) {
    if (index === noKey) continue;
    if (!Number.isInteger(index) || index < 0 || index * block > Math.min(position, s - 1)) {
      throw new RangeError(`selectedAttention: index ${index} of the query at ${position} of ${s} keys`);
    }
    if (keys.has(index * block)) throw new RangeError(`selectedAttention: index ${index} occurs twice`);
    for (let key = index * block; key < Math.min(index * block + block, position + 1, s); key++) keys.add(key);
  }
  return keys;
}

/**
 * {@link attention} over the selected keys alone. A query that selects none gives zeros and an lse of −∞. Throws a
 * RangeError for an index after its query, or one that occurs twice.
 */
export function selectedAttention(tensors: SelectedTensors, options: SelectedOptions = {}): AttentionState {
  const all = given("selectedAttention", tensors, { q: tensor, k: tensor, v: tensor, indices: tensor });
  given("selectedAttention", options, { block: integer(1), scale: finite, start: integer() });
  const { q, k, v, indices } = all;
  const patterns = { q: "b h t d", k: "b g s d", v: "b g s dv", indices: "b m t n" } as const;
  const { b, h, t, s, m, n } = axes("selectedAttention", all, patterns);
  if (h % m !== 0) throw new RangeError(`selectedAttention: ${h} heads (q) do not divide among ${m} (indices)`);
  const { block = 1, start = s - t, scale } = options;
  const keys = Array.from({ length: b * m * t }, (_, row) =>
    selection(indices.values.subarray(row * n, (row + 1) * n), block, start + (row % t), s),
  );
  const mask = (batch: number, head: number, query: number, key: number) =>
    keys[(batch * m + Math.floor((head * m) / h)) * t + query - start]?.has(key) ?? false;
  return attention({ q, k, v }, { mask, start, ...(scale === undefined ? {} : { scale }) });
}

/** How the blocks of {@link routeBlocks} are cut and how many of them a query has. */
export interface RouteBlocksOptions extends IndexOptions {
  /** Keys of a block. */
  readonly block: number;
  /** Blocks of a query, its own one of them. */
  readonly count: number;
}

/**
 * The blocks of keys of each query head (mixture of block attention, Lu et al. 2025): its own, then those before it by
 * the products of the query and the mean of a block's keys. q `[b, h, t, d]`, k `[b, g, s, d]` → gates
 * `[b, h, t, blocks]`, +∞ for the own block and −∞ for later ones, and indices `[b, h, t, count]` as
 * {@link selectKeys} gives them.
 */
export function routeBlocks(
  tensors: { readonly q: Dense; readonly k: Dense },
  options: RouteBlocksOptions,
): { gates: Dense; indices: Dense } {
  const { q, k } = given("routeBlocks", tensors, { q: tensor, k: tensor });
  const { block, count, start } = given("routeBlocks", options, {
    block: required(integer(1)),
    count: required(integer(1)),
    start: integer(),
  });
  const { b, h, t, d, g, s } = axes("routeBlocks", { q, k }, { q: "b h t d", k: "b g s d" } as const);
  if (h % g !== 0) throw new RangeError(`routeBlocks: ${h} query heads (q) do not divide among ${g} key heads (k)`);
  const blocks = Math.ceil(s / block);
  const gates = dense([b, h, t, blocks], new Float64Array(b * h * t * blocks).fill(Number.NEGATIVE_INFINITY));
  for (let row = 0; row < b * h * t; row++) {
    const head = Math.floor(row / t);
    const group = Math.floor(head / h) * g + Math.floor(((head % h) * g) / h);
    const own = Math.floor(((start ?? s - t) + (row % t)) / block);
    for (let i = 0; i < Math.min(own, blocks); i++) {
      const keys = Math.min(block, s - i * block);
      let sum = 0;
      for (let key = i * block; key < i * block + keys; key++) {
        for (let c = 0; c < d; c++) sum += at(q.values, row * d + c) * at(k.values, (group * s + key) * d + c);
      }
      gates.values[row * blocks + i] = sum / keys;
    }
    if (own >= 0 && own < blocks) gates.values[row * blocks + own] = Number.POSITIVE_INFINITY;
  }
  return { gates, indices: selectKeys({ scores: gates }, { count }).indices };
}
