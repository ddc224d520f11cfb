import type { SequenceProblem } from "../../problems.ts";
import { t5Bucket, t5Ids, t5Small, t5Sources, t5Tensor } from "../../t5.ts";
import { withDispatches } from "../count-dispatches.ts";
import type { Prepared } from "../engine.ts";
import type { Ort, OrtTensor } from "./onnxruntime-session.ts";
import { decoderModel, encoderModel, type Spelling, spellings } from "./onnxruntime-t5-model.ts";

const layers = Array.from({ length: t5Small.layers }, (_, layer) => layer);

/** Names of the decoder model's inputs and outputs. */
const parts = ["keys", "values"] as const;

/**
 * The encoder-decoder as two models of ONNX Runtime, as exporters write it, in both spellings. The first, run once,
 * computes the sources' keys and values for every layer of the decoder from the sources' ids. The second computes the
 * likeliest next tokens and the extended keys and values from the last tokens, the sources' keys and values and those
 * of earlier tokens. Keys and values stay at `location`; in each step one token of each text goes back to the page,
 * which would have to notice the end of a text.
 */
export const sequenceWays = (
  ort: Ort,
  options: object,
  location: "gpu-buffer" | "cpu",
  problem: SequenceProblem,
): (() => Promise<Prepared>)[] =>
  (Object.keys(spellings) as Spelling[]).map((spelling) => () => sequences(ort, options, location, problem, spelling));

async function sequences(
  ort: Ort,
  options: object,
  location: "gpu-buffer" | "cpu",
  problem: SequenceProblem,
  spelling: Spelling,
): Promise<Prepared> {
  const { count, source, tokens: length } = problem;
  const { heads, headWidth } = t5Small;
  const encoder = await ort.InferenceSession.create(encoderModel(problem, spelling), {
    ...options,
    preferredOutputLocation: location,
  });
  const kept = layers.flatMap((layer) => parts.map((part) => [`${part}.${layer}`, location] as const));
  const decoder = await ort.InferenceSession.create(decoderModel(problem, spelling), {
    ...options,
    preferredOutputLocation: {
      next: "cpu",
      ...Object.fromEntries(kept.map(([name, where]) => [`grown.${name}`, where])),
    },
  });
  const ids = new ort.Tensor("int32", Int32Array.from(t5Sources(problem).flat()), [count, source]);
  const biases = Array.from({ length }, (_, i) => new ort.Tensor("float32", decoderBias(i + 1), [1, heads, 1, i + 1]));
  const nothing = () => new ort.Tensor("float32", new Float32Array(0), [count, heads, 0, headWidth]);
  let made: number[][] = [];
  return withDispatches({
    variant: spellings[spelling],
    run: async () => {
      const crossed = await encoder.run({ ids });
      let past = Object.fromEntries(kept.map(([name]) => [name, nothing()]));
      let last = new Int32Array(count).fill(t5Ids.start);
      made = Array.from({ length: count }, () => []);
      for (const bias of biases) {
        const token = new ort.Tensor("int32", last, [count, 1]);
        const { next, ...grown } = await decoder.run({ token, bias, ...past, ...crossed });
        last = Int32Array.from((next as OrtTensor).data);
        for (const [row, id] of last.entries()) made[row]?.push(id);
        for (const one of Object.values(past)) one.dispose();
        past = Object.fromEntries(kept.map(([name]) => [name, grown[`grown.${name}`] as OrtTensor]));
      }
      for (const one of [...Object.values(past), ...Object.values(crossed)]) one.dispose();
    },
    settle: async () => {},
    read: async () => made.flat(),
    dispose: async () => {
      await encoder.release();
      await decoder.release();
    },
  });
}

/** The bias of the scores of the last of `length` tokens `[heads, length]`. */
function decoderBias(length: number): Float32Array<ArrayBuffer> {
  const { heads } = t5Small;
  const { values } = t5Tensor("decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
  return Float32Array.from({ length: heads * length }, (_, i) => {
    const [head, key] = [Math.floor(i / length), i % length];
    return values[t5Bucket(key - (length - 1), t5Small, false) * heads + head] ?? 0;
  });
}
