import { dense } from "../../../src/reference/dense.ts";
import { bert } from "../../../src/reference/models/encoder.ts";
import { encoderTensors, encoderTexts, miniLm } from "../encoder.ts";
import { statesInF32 } from "../encoder-f32.ts";
import type { EncoderProblem } from "../problems.ts";

/** The texts' vectors in float64, concatenated `[texts, c]`: means of the last states, scaled to length 1. */
export function vectorsInF64(problem: EncoderProblem): Float64Array {
  const { layers, heads, eps } = miniLm;
  const weights = Object.fromEntries(
    Object.entries(encoderTensors()).map(([name, { shape, values }]) => [name, dense(shape, values)]),
  );
  const config = {
    model_type: "bert",
    num_hidden_layers: layers,
    num_attention_heads: heads,
    layer_norm_eps: eps,
    hidden_act: "gelu",
  };
  return joined(problem, (ids) => {
    const given = { ids: dense([ids.length], ids), types: dense([ids.length]), weights };
    return bert(given, config).layers.at(-1)?.values ?? new Float64Array(0);
  });
}

/** The same by f32 loops, except for the mean and the length. */
export const vectorsInF32 = (problem: EncoderProblem): Float64Array => joined(problem, statesInF32);

function joined(problem: EncoderProblem, states: (ids: readonly number[]) => ArrayLike<number>): Float64Array {
  const { width } = miniLm;
  const texts = encoderTexts(problem);
  const all = new Float64Array(texts.length * width);
  for (const [i, ids] of texts.entries()) {
    const last = states(ids);
    const vector = all.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < last.length; j++) vector[j % width] = (vector[j % width] ?? 0) + (last[j] ?? 0) / ids.length;
    const length = Math.hypot(...vector);
    for (let j = 0; j < width; j++) vector[j] = (vector[j] ?? 0) / length;
  }
  return all;
}
