import { blockValues, gpt2Small, type LinearValues } from "../../block.ts";
import { type BlockProblem, type RowsProblem, rowsEps, rowsInputs, swapped } from "../../problems.ts";
import type { Jax, JaxArray, JaxCall } from "./jax-api.ts";

/** Softmax and layer norm are functions of jax-js; RMS norm, which it does not have, is composed. */
export function rowsCall(api: Jax, problem: RowsProblem): JaxCall {
  const { rows, cols } = problem;
  const values = rowsInputs(problem);
  const x = api.numpy.array(values.x).reshape([rows, cols]);
  if (problem.op === "softmax") {
    return { variant: "nn.softmax", call: (given) => api.nn.softmax(given as JaxArray, -1), inputs: [x] };
  }
  const weight = api.numpy.array(values.weight);
  if (problem.op === "rms-norm") {
    const call = (...[given, scale]: JaxArray[]) => rmsNorm(api, given as JaxArray, scale as JaxArray, rowsEps);
    return { variant: "square, mean, sqrt, div", call, inputs: [x, weight] };
  }
  const bias = api.numpy.array(values.bias);
  const call = (...[given, scale, shift]: JaxArray[]) =>
    layerNorm(api, given as JaxArray, scale as JaxArray, shift as JaxArray, rowsEps);
  return { variant: "nn.standardize", call, inputs: [x, weight, bias] };
}

/** An RMS norm of rows. */
export const rmsNorm = ({ numpy }: Jax, x: JaxArray, weight: JaxArray, epsilon: number): JaxArray =>
  x.ref.div(numpy.sqrt(numpy.mean(numpy.square(x), -1, { keepdims: true }).add(epsilon))).mul(weight);

/** A layer norm of rows. */
export const layerNorm = ({ nn }: Jax, x: JaxArray, weight: JaxArray, bias: JaxArray, epsilon: number): JaxArray =>
  nn.standardize(x, -1, { epsilon }).mul(weight).add(bias);

/**
 * Shapes are `[tokens, heads, width]`; keys and values of a decode step are appended to the earlier ones, which copies
 * these.
 */
export function blockCall(api: Jax, problem: BlockProblem): JaxCall {
  const { numpy, nn } = api;
  const { t, s } = problem;
  const { c, h, d, eps } = gpt2Small;
  const values = blockValues(problem);
  const array = (of: Float32Array<ArrayBuffer>, shape: readonly number[]) => numpy.array(of).reshape(shape);
  const linear = ({ weight, bias, out, in: inner }: LinearValues) => [
    array(swapped(weight, out, inner, 1), [inner, out]),
    array(bias, [out]),
  ];
  const past = (of: Float32Array<ArrayBuffer>) => (s > t ? [array(swapped(of, h, s - t, d), [s - t, h, d])] : []);
  const inputs = [
    array(values.x, [t, c]),
    ...values.norms.flatMap(({ weight, bias }) => [array(weight, [c]), array(bias, [c])]),
    ...[values.q, values.k, values.v, values.output, values.up, values.down].flatMap(linear),
    ...past(values.keys),
    ...past(values.values),
  ];
  const call = (...given: JaxArray[]) => {
    const [x, w1, b1, w2, b2, wq, bq, wk, bk, wv, bv, wo, bo, wu, bu, wd, bd, pastKeys, pastValues] =
      given as unknown as [...Tuple17, JaxArray | undefined, JaxArray | undefined];
    const product = (of: JaxArray, weight: JaxArray, bias: JaxArray) => numpy.matmul(of, weight).add(bias);
    const before = layerNorm(api, x.ref, w1, b1, eps);
    const q = product(before.ref, wq, bq).reshape([t, h, d]);
    const k = product(before.ref, wk, bk).reshape([t, h, d]);
    const v = product(before, wv, bv).reshape([t, h, d]);
    const [keys, all] = [
      pastKeys ? numpy.concatenate([pastKeys, k], 0) : k,
      pastValues ? numpy.concatenate([pastValues, v], 0) : v,
    ];
    const attended = nn.dotProductAttention(q, keys, all, { isCausal: t > 1 }).reshape([t, c]);
    const between = product(attended, wo, bo).add(x);
    const hidden = nn.gelu(product(layerNorm(api, between.ref, w2, b2, eps), wu, bu));
    return product(hidden, wd, bd).add(between);
  };
  return { variant: "composed, nn.dotProductAttention", call, inputs };
}

type Four = [JaxArray, JaxArray, JaxArray, JaxArray];
type Tuple17 = [JaxArray, ...Four, ...Four, ...Four, ...Four];
