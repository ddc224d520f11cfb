import { oneOf, required } from "../../options/checks.ts";
import { given, optionalTensor, tensor } from "../arguments.ts";
import { addScaled, at, axes, type Dense, dense, dot } from "../dense.ts";
import { matmul } from "../matmul.ts";
import { softmax, softmaxBackward } from "../softmax.ts";

/** `x` where the index along an axis is below the length of its batch row, else `value`: x `[b, n, m]`, lengths `[b]`. */
export function maskLengths(
  tensors: { x: Dense; lengths: Dense },
  options: { axis: 1 | 2; value: number },
): { y: Dense } {
  const { x, lengths } = given("maskLengths", tensors, { x: tensor, lengths: tensor });
  const { axis, value } = given("maskLengths", options, {
    axis: required(oneOf(1, 2)),
    value: required((one) => (one === 0 || one === Number.NEGATIVE_INFINITY ? undefined : "0 or -Infinity")),
  });
  const { n, m } = axes("maskLengths", { x, lengths }, { x: "b n m", lengths: "b" });
  const kept = (i: number) => {
    const row = Math.floor(i / m);
    return (axis === 1 ? row % n : i % m) < at(lengths.values, Math.floor(row / n));
  };
  return {
    y: dense(
      x.shape,
      x.values.map((one, i) => (kept(i) ? one : value)),
    ),
  };
}

/** The tensors of additive scores, after the linear layers. */
export interface AdditiveScores {
  /** `[b, t, a]` */
  readonly query: Dense;
  /** `[b, s, a]` */
  readonly keys: Dense;
  /** `[a]` */
  readonly v: Dense;
}

const scoreChecks = { query: tensor, keys: tensor, v: tensor } as const;
const scorePatterns = { query: "b t a", keys: "b s a", v: "a" } as const;

type Pairs = Readonly<Record<"b" | "t" | "s", number>>;

/** Each pair of a query and a key of the same batch row, with their rows. */
function* pairsOf({ b, t, s }: Pairs) {
  for (let pair = 0; pair < b * t * s; pair++) {
    const q = Math.floor(pair / s);
    yield { pair, q, k: Math.floor(q / t) * s + (pair % s) };
  }
}

/** The same with the tanh of each element of their sum. */
function* squashed({ query, keys }: AdditiveScores, sizes: Pairs & { readonly a: number }) {
  const { a } = sizes;
  const sum = (q: number, k: number, i: number) => at(query.values, q * a + i) + at(keys.values, k * a + i);
  for (const { pair, q, k } of pairsOf(sizes)) {
    yield { pair, q, k, u: Float64Array.from({ length: a }, (_, i) => Math.tanh(sum(q, k, i))) };
  }
}

/**
 * Scores of additive attention: `scores[b, t, s] = Σ v[i] · tanh(query[b, t, i] + keys[b, s, i])` (Bahdanau et al. 2015).
 */
export function additiveScores(tensors: AdditiveScores): { scores: Dense } {
  const found = given("additiveScores", tensors, scoreChecks);
  const sizes = axes("additiveScores", { ...found }, scorePatterns);
  const scores = dense([sizes.b, sizes.t, sizes.s]);
  for (const { pair, u } of squashed(found, sizes)) scores.values[pair] = dot(found.v.values, 0, u, 0, sizes.a);
  return { scores };
}

/** Gradients of {@link additiveScores}: `dscores · v · (1 − u²)` of each pair for both its sides, `dscores · u` for v. */
export function additiveScoresBackward(tensors: AdditiveScores & { readonly dscores: Dense }) {
  const found = given("additiveScoresBackward", tensors, { ...scoreChecks, dscores: tensor });
  const { query, keys, v, dscores } = found;
  const sizes = axes("additiveScoresBackward", { query, keys, v, dscores }, { ...scorePatterns, dscores: "b t s" });
  const [dquery, dkeys, dv] = [dense(query.shape), dense(keys.shape), dense(v.shape)];
  const { a } = sizes;
  for (const { pair, q, k, u } of squashed(found, sizes)) {
    const d = at(dscores.values, pair);
    const slopes = u.map((value, i) => at(v.values, i) * (1 - value * value));
    addScaled(dquery.values.subarray(q * a, (q + 1) * a), d, slopes, 0);
    addScaled(dkeys.values.subarray(k * a, (k + 1) * a), d, slopes, 0);
    addScaled(dv.values, d, u, 0);
  }
  return { dquery, dkeys, dv };
}

/** Queries, keys and values of attention over the states of an encoder. */
export interface Aligned {
  /** `[b, t, d]` */
  readonly query: Dense;
  /** `[b, s, dk]` */
  readonly keys: Dense;
  /** `[b, s, dv]`; default the keys. */
  readonly values?: Dense | undefined;
  /** Keys of each batch row, `[b]`; default s. */
  readonly lengths?: Dense | undefined;
}

/** The tensors of {@link additiveAttention}. */
export interface AdditiveAttention extends Aligned {
  /** `[a, d]` */
  readonly queryWeight: Dense;
  /** `[a, dk]` */
  readonly keyWeight: Dense;
  /** `[a]` */
  readonly v: Dense;
}

/** The tensors of {@link luongAttention}. */
export interface LuongAttention extends Aligned {
  /** `[d, dk]` for general, `[a, d + dk]` for concat. */
  readonly weight?: Dense | undefined;
  /** `[a]` for concat. */
  readonly v?: Dense | undefined;
}

/** The gradients of the results; absent ones are zeros. */
export interface AlignedUpstream {
  /** `[b, t, dv]` */
  readonly dout?: Dense | undefined;
  /** `[b, t, s]` */
  readonly dweights?: Dense | undefined;
}

const alignedChecks = { query: tensor, keys: tensor, values: optionalTensor, lengths: optionalTensor } as const;
const additiveChecks = { ...alignedChecks, queryWeight: tensor, keyWeight: tensor, v: tensor } as const;
const luongChecks = { ...alignedChecks, weight: optionalTensor, v: optionalTensor } as const;
const upstreamChecks = { dout: optionalTensor, dweights: optionalTensor } as const;
const scoreOption = { score: required(oneOf("dot", "general", "concat")) } as const;

/** x with zeros past the lengths. */
const live = (x: Dense, lengths: Dense | undefined): Dense =>
  lengths ? maskLengths({ x, lengths }, { axis: 1, value: 0 }).y : x;

/** Weights from scores, and their sums of values. */
function weigh(operation: string, scores: Dense, { keys, values = keys, lengths }: Aligned) {
  const { b, t, s, dv } = axes(operation, { scores, values }, { scores: "b t s", values: "b s dv" });
  const value = Number.NEGATIVE_INFINITY;
  const { y: weights } = softmax({ x: lengths ? maskLengths({ x: scores, lengths }, { axis: 2, value }).y : scores });
  const out = dense([b, t, dv]);
  const seen = live(values, lengths);
  for (const { pair, q, k } of pairsOf({ b, t, s })) {
    addScaled(out.values.subarray(q * dv, (q + 1) * dv), at(weights.values, pair), seen.values, k * dv);
  }
  return { out, weights };
}

/** Gradients of scores and values from those of {@link weigh}'s results. */
function weighBackward(weights: Dense, { keys, values = keys, lengths }: Aligned, { dout, dweights }: AlignedUpstream) {
  const { b, t, s, dv } = axes("attention", { weights, values }, { weights: "b t s", values: "b s dv" });
  const all = dense([b, t, s], dweights?.values);
  const seen = live(values, lengths);
  const dvalues = dense(values.shape);
  const upstream = dense([b, t, dv], dout?.values).values;
  for (const { pair, q, k } of pairsOf({ b, t, s })) {
    all.values[pair] = at(all.values, pair) + dot(upstream, q * dv, seen.values, k * dv, dv);
    addScaled(dvalues.values.subarray(k * dv, (k + 1) * dv), at(weights.values, pair), upstream, q * dv);
  }
  return { dscores: softmaxBackward({ y: weights, dy: all }).dx, dvalues };
}

/** Gradients of `x · weightᵀ`: x `[b, n, i]`, weight `[o, i]`, dy `[b, n, o]`. */
function linearBackward(x: Dense, weight: Dense, dy: Dense) {
  const { b, n, i, o } = axes("linear", { x, weight, dy }, { x: "b n i", weight: "o i", dy: "b n o" });
  const [dx, dweight] = [dense(x.shape), dense(weight.shape)];
  for (let row = 0; row < b * n; row++) {
    for (let output = 0; output < o; output++) {
      const d = at(dy.values, row * o + output);
      addScaled(dx.values.subarray(row * i, (row + 1) * i), d, weight.values, output * i);
      addScaled(dweight.values.subarray(output * i, (output + 1) * i), d, x.values, row * i);
    }
  }
  return { dx, dweight };
}

const sumOf = (a: Dense, b: Dense): Dense =>
  dense(
    a.shape,
    a.values.map((value, i) => value + at(b.values, i)),
  );

/** Gradients of keys and values: of the keys that are values too, both together. */
const sidesOf = (values: Dense | undefined, dkeys: Dense, dvalues: Dense) =>
  values ? { dkeys, dvalues } : { dkeys: sumOf(dkeys, dvalues) };

/** Columns `begin` to `end` of a matrix. */
function columns({ shape: [rows = 0, width = 0], values }: Dense, begin: number, end: number): Dense {
  const each = Array.from({ length: rows }, (_, row) => [...values.subarray(row * width + begin, row * width + end)]);
  return dense([rows, end - begin], each.flat());
}

const additiveOf = (query: Dense, keys: Dense, { queryWeight, keyWeight, v }: AdditiveAttention): AdditiveScores => ({
  query: matmul({ x: query, weight: queryWeight }).y,
  keys: matmul({ x: keys, weight: keyWeight }).y,
  v,
});

/**
 * Additive attention (Bahdanau et al. 2015): weights = softmax over the keys of a batch row of
 * `v · tanh(queryWeight · q + keyWeight · k)`, out = weights · values. A row of length 0 gives zeros.
 */
export function additiveAttention(tensors: AdditiveAttention): { out: Dense; weights: Dense } {
  const found = given("additiveAttention", tensors, additiveChecks);
  const { query, keys, lengths } = found;
  return weigh("additiveAttention", additiveScores(additiveOf(query, live(keys, lengths), found)).scores, found);
}

/** Gradients of {@link additiveAttention}. Without values, those of the keys contain theirs. */
export function additiveAttentionBackward(all: AdditiveAttention & AlignedUpstream) {
  const { dout, dweights, ...found } = given("additiveAttentionBackward", all, {
    ...additiveChecks,
    ...upstreamChecks,
  });
  const { query, values, lengths, queryWeight, keyWeight } = found;
  const keys = live(found.keys, lengths);
  const scored = additiveOf(query, keys, found);
  const { weights } = weigh("additiveAttentionBackward", additiveScores(scored).scores, found);
  const { dscores, dvalues } = weighBackward(weights, found, { dout, dweights });
  const sides = additiveScoresBackward({ ...scored, dscores });
  const [ofQuery, ofKeys] = [
    linearBackward(query, queryWeight, sides.dquery),
    linearBackward(keys, keyWeight, sides.dkeys),
  ];
  return {
    dquery: ofQuery.dx,
    dqueryWeight: ofQuery.dweight,
    dkeyWeight: ofKeys.dweight,
    dv: sides.dv,
    ...sidesOf(values, ofKeys.dx, dvalues),
  };
}

/** Concat as additive attention: `weight · [q; k]` is a sum of two products. */
function concatOf({ weight, v, ...found }: LuongAttention): AdditiveAttention {
  const [d = 0, width = 0] = [found.query.shape[2], weight?.shape[1]];
  if (!weight || !v) throw new RangeError("luongAttention: concat has a weight and v");
  return { ...found, queryWeight: columns(weight, 0, d), keyWeight: columns(weight, d, width), v };
}

/** The product of each pair, `[b, t, s]`. */
function dots(query: Dense, keys: Dense): Dense {
  const { b, t, s, d } = axes("luongAttention", { query, keys }, { query: "b t d", keys: "b s d" });
  const scores = dense([b, t, s]);
  for (const { pair, q, k } of pairsOf({ b, t, s })) {
    scores.values[pair] = dot(query.values, q * d, keys.values, k * d, d);
  }
  return scores;
}

/** A matrix with its axes swapped. */
function flipped({ shape: [rows = 0, width = 0], values }: Dense): Dense {
  return dense(
    [width, rows],
    Array.from({ length: rows * width }, (_, i) => at(values, (i % rows) * width + Math.floor(i / rows))),
  );
}

/**
 * The attention of Luong et al. (2015, equation 8): as {@link additiveAttention}, with the scores `dot` q · k, `general`
 * q · weight · k, or `concat` v · tanh(weight · [q; k]).
 */
export function luongAttention(tensors: LuongAttention, options: { score: "dot" | "general" | "concat" }) {
  const found = given("luongAttention", tensors, luongChecks);
  const { score } = given("luongAttention", options, scoreOption);
  if (score === "concat") return additiveAttention(concatOf(found));
  const { query, keys, weight, lengths } = found;
  const queries = weight ? matmul({ x: query, weight: flipped(weight) }).y : query;
  return weigh("luongAttention", dots(queries, live(keys, lengths)), found);
}

/** Gradients of {@link luongAttention}. Without values, those of the keys contain theirs. */
export function luongAttentionBackward(
  all: LuongAttention & AlignedUpstream,
  options: { score: "dot" | "general" | "concat" },
): Partial<Record<"dquery" | "dkeys" | "dvalues" | "dweight" | "dv", Dense>> {
  const { dout, dweights, ...found } = given("luongAttentionBackward", all, { ...luongChecks, ...upstreamChecks });
  const { score } = given("luongAttentionBackward", options, scoreOption);
  if (score === "concat") {
    const { dqueryWeight, dkeyWeight, ...rest } = additiveAttentionBackward({ ...concatOf(found), dout, dweights });
    const [[rows = 0, d = 0], [, dk = 0]] = [dqueryWeight.shape, dkeyWeight.shape];
    const both = Array.from({ length: rows }, (_, row) => [
      ...dqueryWeight.values.subarray(row * d, (row + 1) * d),
      ...dkeyWeight.values.subarray(row * dk, (row + 1) * dk),
    ]);
    return { ...rest, dweight: dense([rows, d + dk], both.flat()) };
  }
  const { query, values, weight, lengths } = found;
  const keys = live(found.keys, lengths);
  const queries = weight ? matmul({ x: query, weight: flipped(weight) }).y : query;
  const { weights } = weigh("luongAttentionBackward", dots(queries, keys), found);
  const { dscores, dvalues } = weighBackward(weights, found, { dout, dweights });
  const { b, t, s, d } = axes("luongAttentionBackward", { queries, keys }, { queries: "b t d", keys: "b s d" });
  const [dqueries, dkeys] = [dense(queries.shape), dense(keys.shape)];
  for (const { pair, q, k } of pairsOf({ b, t, s })) {
    addScaled(dqueries.values.subarray(q * d, (q + 1) * d), at(dscores.values, pair), keys.values, k * d);
    addScaled(dkeys.values.subarray(k * d, (k + 1) * d), at(dscores.values, pair), queries.values, q * d);
  }
  const ofWeight = weight && linearBackward(query, flipped(weight), dqueries);
  return {
    dquery: ofWeight?.dx ?? dqueries,
    ...(ofWeight ? { dweight: flipped(ofWeight.dweight) } : {}),
    ...sidesOf(values, dkeys, dvalues),
  };
}
