import { blockValues, gpt2Small, type LinearValues } from "../block.ts";
import { type BlockProblem, type RowsProblem, rowsEps, rowsInputs, swapped } from "../problems.ts";
import { causalMask, type TensorFlow, type TfCall, type TfTensor } from "./tensorflow-api.ts";

/** Softmax is an op; norms are composed. */
export function rowsCall(tf: TensorFlow, problem: RowsProblem): TfCall {
  const { rows, cols } = problem;
  const values = rowsInputs(problem);
  const x = tf.tensor(values.x, [rows, cols], "float32");
  if (problem.op === "softmax") return { variant: "softmax", call: () => tf.softmax(x), inputs: [x] };
  const weight = tf.tensor(values.weight, [cols], "float32");
  if (problem.op === "rms-norm") {
    const scale = () => tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), rowsEps));
    const call = () => tf.mul(tf.mul(x, scale()), weight);
    return { variant: "square, mean, rsqrt, mul", call, inputs: [x, weight] };
  }
  const bias = tf.tensor(values.bias, [cols], "float32");
  const call = () => layerNorm(tf, x, weight, bias, rowsEps);
  return { variant: "moments, rsqrt, mul, add", call, inputs: [x, weight, bias] };
}

function layerNorm(tf: TensorFlow, x: TfTensor, weight: TfTensor, bias: TfTensor, eps: number): TfTensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, eps))), weight), bias);
}

/** GELU by tanh, composed: TensorFlow.js has none. */
function gelu(tf: TensorFlow, x: TfTensor): TfTensor {
  const cubed = tf.mul(x, tf.square(x));
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, cubed)));
  return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
}

/** Head by head, with a mask made beforehand; keys and values of a decode step are appended to the earlier ones. */
export function blockCall(tf: TensorFlow, problem: BlockProblem): TfCall {
  const { t, s } = problem;
  const { c, h, d, eps } = gpt2Small;
  const values = blockValues(problem);
  const inputs: TfTensor[] = [];
  const given = (of: Float32Array, shape: readonly number[]) => {
    const made = tf.tensor(of, shape, "float32");
    inputs.push(made);
    return made;
  };
  const linear = ({ weight, bias, out, in: inner }: LinearValues) => {
    const [b, shift] = [given(swapped(weight, out, inner, 1), [inner, out]), given(bias, [out])];
    return (a: TfTensor) => tf.fused.matMul({ a, b, bias: shift });
  };
  const norm = (index: 0 | 1) => {
    const { weight, bias } = values.norms[index];
    const [scale, shift] = [given(weight, [c]), given(bias, [c])];
    return (of: TfTensor) => layerNorm(tf, of, scale, shift, eps);
  };
  const x = given(values.x, [t, c]);
  const [first, second] = [norm(0), norm(1)];
  const [q, k, v] = [linear(values.q), linear(values.k), linear(values.v)];
  const [output, up, down] = [linear(values.output), linear(values.up), linear(values.down)];
  const past = s > t ? [given(values.keys, [h, s - t, d]), given(values.values, [h, s - t, d])] : [];
  const mask = t > 1 ? given(causalMask(t, s), [t, s]) : undefined;
  const heads = (of: TfTensor) => tf.transpose(tf.reshape(of, [t, h, d]), [1, 0, 2]);
  const joined = (before: TfTensor | undefined, own: TfTensor) => (before ? tf.concat([before, own], 1) : own);
  const call = () => {
    const before = first(x);
    const keys = joined(past[0], heads(k(before)));
    const scores = tf.mul(tf.matMul(heads(q(before)), keys, false, true), 1 / Math.sqrt(d));
    const weights = tf.softmax(mask ? tf.add(scores, mask) : scores);
    const attended = tf.matMul(weights, joined(past[1], heads(v(before))));
    const between = tf.add(output(tf.reshape(tf.transpose(attended, [1, 0, 2]), [t, c])), x);
    return tf.add(down(gelu(tf, up(second(between)))), between);
  };
  return { variant: "composed, fused.matMul", call, inputs };
}
