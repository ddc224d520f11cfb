import type { Gpu } from "../gpu/gpu.ts";
import { maskLengths } from "../kernels/alignment/mask-lengths.ts";
import { additiveScores } from "../kernels/alignment/scores.ts";
import { checkCall, tensorFields } from "../kernels/define/arguments.ts";
import { AxisSizes } from "../kernels/define/shapes.ts";
import { gemm } from "../kernels/gemm/gemm.ts";
import { contiguous } from "../kernels/layout/contiguous.ts";
import { softmax } from "../kernels/softmax/softmax.ts";
import { fieldsOf, oneOf, required } from "../options/checks.ts";
import { formatShape, ShapeError } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, slice, transpose } from "../tensor/views.ts";

/** Queries, keys and values of attention over the states of an encoder, all f32. */
interface AlignedTensors {
  /** States of the decoder, `[b, t, d]`. */
  readonly query: Tensor;
  /** States of the encoder, `[b, s, dk]`. */
  readonly keys: Tensor;
  /** `[b, s, dv]`; default the keys. */
  readonly values?: Tensor | undefined;
  /** How many keys each batch row has, u32 `[b]`; default all s. What is past them is not read. */
  readonly lengths?: Tensor | undefined;
}

/** The tensors of additive attention. */
export interface AdditiveAttentionTensors extends AlignedTensors {
  /** From queries, `[a, d]`: the paper's W. */
  readonly queryWeight: Tensor;
  /** From keys, `[a, dk]`: the paper's U. */
  readonly keyWeight: Tensor;
  /** `[a]` */
  readonly v: Tensor;
}

/** The tensors of Luong's attention. */
export interface LuongAttentionTensors extends AlignedTensors {
  /** `[d, dk]` for `general`, `[a, d + dk]` for `concat`, absent for `dot`. */
  readonly weight?: Tensor | undefined;
  /** `[a]`, for `concat` alone. */
  readonly v?: Tensor | undefined;
}

/** Options of Luong's attention. */
export interface LuongAttentionOptions {
  /**
   * The score of a query q and a key k: `dot` q · k, `general` q · weight · k, `concat` v · tanh(weight · [q; k])
   * (equation 8).
   */
  readonly score: "dot" | "general" | "concat";
}

/** The results of attention over the states of an encoder. */
export interface AlignedResult {
  /** The weighted sum of values for each query, `[b, t, dv]`; zeros in a batch row without keys. */
  readonly out: Tensor;
  /** The weight of each key, `[b, t, s]`, which a row sums to 1; zeros past the keys of a batch row. */
  readonly weights: Tensor;
}

const shared = ["query", "keys", "values?", "lengths?"] as const;
const additive = /* @__PURE__ */ tensorFields(...shared, "queryWeight", "keyWeight", "v");
const none = /* @__PURE__ */ fieldsOf({});
const luong = /* @__PURE__ */ tensorFields(...shared, "weight?", "v?");
const luongOptions = /* @__PURE__ */ fieldsOf<LuongAttentionOptions>({
  score: required(oneOf("dot", "general", "concat")),
});

const patterns = { query: "[b, t, d]", keys: "[b, s, dk]", values: "[b, s, dv]", lengths: "[b]" } as const;

/** The shapes of Luong's scores, in addition to these. */
const ofScores = {
  dot: { keys: "[b, s, d]" },
  general: { weight: "[d, dk]" },
  concat: { weight: "[a, both]", v: "[a]" },
} as const satisfies Readonly<Record<LuongAttentionOptions["score"], object>>;

/** Matches the tensors that are given with their patterns, in this order. Throws `ShapeError`. */
function checkShapes(op: string, tensors: AlignedTensors & object, others: Readonly<Record<string, string>>): void {
  const sizes = new AxisSizes(op);
  for (const [name, pattern] of Object.entries({ ...patterns, ...others })) {
    const tensor = tensors[name as "query"] as Tensor | undefined;
    if (tensor) sizes.match(name, pattern, tensor.shape);
  }
  const { shape } = tensors.keys;
  if (shape[1] === 0) throw new ShapeError(`${op}: keys is ${formatShape(shape)}, expected at least one key a row`);
}

const whole = (gpu: Gpu, x: Tensor): Tensor => (x.contiguous ? x : contiguous(gpu, { x }).y);

/** x `[b, n, i]` times weight `[o, i]`, which may be a view: `[b, n, o]`. */
function projected(gpu: Gpu, x: Tensor, weight: Tensor): Tensor {
  const [b = 0, n = 0, i = 0] = x.shape;
  const { y } = gemm(gpu, { a: reshape(whole(gpu, x), [b * n, i]), b: transpose(weight) });
  return reshape(y, [b, n, weight.shape[0] ?? 0]);
}

/** Weights by these scores, and their sums of values; what is past the keys of a batch row is read as zeros. */
function aligned(gpu: Gpu, given: AlignedTensors, score: (keys: Tensor) => Tensor): AlignedResult {
  using scope = gpu.scope();
  const { lengths } = given;
  const live = (x: Tensor) => (lengths ? maskLengths(gpu, { x: whole(gpu, x), lengths }, { axis: 1, value: 0 }).y : x);
  const keys = live(given.keys);
  const values = given.values ? live(given.values) : keys;
  const all = score(keys);
  const value = Number.NEGATIVE_INFINITY;
  const scores = lengths ? maskLengths(gpu, { x: all, lengths }, { axis: 2, value }).y : all;
  const { y: weights } = softmax(gpu, { x: scores });
  const { y: out } = gemm(gpu, { a: weights, b: values });
  return { out: scope.keep(out), weights: scope.keep(weights) };
}

/** Scores of `v · tanh(queryWeight · q + keyWeight · k)`. */
const additiveOf = (
  gpu: Gpu,
  query: Tensor,
  { queryWeight, keyWeight, v }: Pick<AdditiveAttentionTensors, "queryWeight" | "keyWeight" | "v">,
) => {
  const queries = projected(gpu, query, queryWeight);
  return (keys: Tensor) => additiveScores(gpu, { query: queries, keys: projected(gpu, keys, keyWeight), v }).scores;
};

/**
 * Additive attention (Bahdanau, Cho and Bengio 2015): the weights of a query over the keys of its batch row are the
 * softmax of `v · tanh(queryWeight · q + keyWeight · k)`, and out is the sum of the values times their weights. query
 * `[b, t, d]`, keys `[b, s, dk]`, values `[b, s, dv]`, queryWeight `[a, d]`, keyWeight `[a, dk]`, v `[a]` → out
 * `[b, t, dv]`, weights `[b, t, s]`. With `lengths`, only the first keys of each batch row count, and a row of length 0
 * gives zeros.
 *
 * @throws ShapeError for shapes that do not fit; OptionError for tensors that it does not have.
 */
export function additiveAttention(gpu: Gpu, tensors: AdditiveAttentionTensors): AlignedResult {
  checkCall("additiveAttention", additive, tensors, none, {});
  checkShapes("additiveAttention", tensors, { queryWeight: "[a, d]", keyWeight: "[a, dk]", v: "[a]" });
  using scope = gpu.scope();
  const { out, weights } = aligned(gpu, tensors, additiveOf(gpu, tensors.query, tensors));
  return { out: scope.keep(out), weights: scope.keep(weights) };
}

/**
 * The attention of Luong, Pham and Manning (2015, section 3.1): weights are the softmax of one of three scores of a
 * query and a key, and out is the sum of the values times their weights. query `[b, t, d]`, keys `[b, s, dk]`, of the
 * same width for `dot`, values `[b, s, dv]` → out `[b, t, dv]`, weights `[b, t, s]`; `lengths` as in
 * {@link additiveAttention}.
 *
 * @throws ShapeError for shapes that do not fit, and for a weight or v that the score has not, or lacks; OptionError
 * for other options.
 */
export function luongAttention(
  gpu: Gpu,
  tensors: LuongAttentionTensors,
  options: LuongAttentionOptions,
): AlignedResult {
  checkCall("luongAttention", luong, tensors, luongOptions, options);
  const { score } = options;
  const { query, weight, v } = tensors;
  const shapes: Readonly<Record<string, string>> = ofScores[score];
  for (const name of ["weight", "v"] as const) {
    const isNeeded = name in shapes;
    if ((tensors[name] !== undefined) === isNeeded) continue;
    const [found, expected] = isNeeded ? ["missing", shapes[name]] : ["given", "none"];
    throw new ShapeError(`luongAttention: ${name} is ${found}, expected ${expected} for ${score}`);
  }
  checkShapes("luongAttention", tensors, shapes);
  using scope = gpu.scope();
  const { out, weights } = aligned(gpu, tensors, scoresOf(gpu, query, weight, v));
  return { out: scope.keep(out), weights: scope.keep(weights) };
}

/** Luong's score for which these tensors are. */
function scoresOf(gpu: Gpu, query: Tensor, weight: Tensor | undefined, v: Tensor | undefined) {
  if (weight && v) {
    const d = query.shape[2] ?? 0;
    const [, both = 0] = weight.shape;
    return (keys: Tensor) => {
      const dk = keys.shape[2] ?? 0;
      if (both !== d + dk) {
        const expected = `[a, d + dk] with d + dk = ${d + dk} (from query and keys)`;
        throw new ShapeError(`luongAttention: weight is ${formatShape(weight.shape)}, expected ${expected}`);
      }
      const sides = { queryWeight: slice(weight, 1, 0, d), keyWeight: slice(weight, 1, d, both) };
      return additiveOf(gpu, query, { ...sides, v })(keys);
    };
  }
  const queries = weight ? projected(gpu, query, transpose(weight)) : query;
  return (keys: Tensor) => gemm(gpu, { a: queries, b: transpose(keys) }).y;
}
