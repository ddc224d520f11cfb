// The encoder-decoder with which engines generate: random weights in the shape of T5-small.
import { randomSource } from "../../src/check/random.ts";
import type { Work } from "../harness/speed.ts";
import type { SequenceProblem } from "./problems.ts";

/**
 * Its sizes (Raffel et al. 2019, section 3.7), with ReLU. The head is a separate matrix, as in T5 1.1: with random
 * weights, a head that shares the embedding would always predict the last token again.
 */
export const t5Small = {
  vocabulary: 32_128,
  width: 512,
  layers: 6,
  heads: 8,
  headWidth: 64,
  hidden: 2048,
  buckets: 32,
  farthest: 128,
  eps: 1e-6,
} as const;

/** Ids of the tokens that are not words: the decoder starts with the first, and the second ends a source. */
export const t5Ids = { start: 0, end: 1, unknown: 2, firstWord: 3 } as const;

/** A tensor of the checkpoint. */
export interface T5Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

let made: Readonly<Record<string, T5Tensor>> | undefined;

/** The weights by their names in a T5 checkpoint, 308 MB, made once: every engine and the check use them. */
export function t5Tensors(): Readonly<Record<string, T5Tensor>> {
  made ??= makeTensors();
  return made;
}

/** Attention's contribution is small; otherwise texts would depend on little except their source. */
function makeTensors(): Record<string, T5Tensor> {
  const { vocabulary, width, layers, heads, headWidth, hidden, buckets } = t5Small;
  const inner = heads * headWidth;
  const tensors: Record<string, T5Tensor> = {};
  let seed = 1;
  const random = (name: string, shape: readonly number[], scale: number, mean = 0) => {
    const source = randomSource(seed++);
    const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
    // Uniform: generating these 77 million numbers takes a fifth of the time that normal ones would take.
    const widest = Math.sqrt(12) * scale;
    for (let i = 0; i < values.length; i++) values[i] = (source.uniform() - 0.5) * widest + mean;
    tensors[name] = { shape, values };
  };
  const linear = (name: string, outputs: number, inputs: number, gain = 1) =>
    random(`${name}.weight`, [outputs, inputs], gain / Math.sqrt(inputs));
  /** The output of ReLU has a mean, which would add the same to every token. */
  const centre = (name: string, inputs: number) => {
    const values = tensors[name]?.values ?? new Float32Array(0);
    for (let at = 0; at < values.length; at += inputs) {
      const row = values.subarray(at, at + inputs);
      const mean = row.reduce((sum, value) => sum + value, 0) / inputs;
      for (const [i, value] of row.entries()) row[i] = value - mean;
    }
  };
  const norm = (name: string) => random(`${name}.weight`, [width], 0.1, 1);
  const attention = (at: string, kind: string) => {
    linear(`${at}.${kind}.q`, inner, width, 2 / Math.sqrt(headWidth));
    linear(`${at}.${kind}.k`, inner, width);
    linear(`${at}.${kind}.v`, inner, width);
    linear(`${at}.${kind}.o`, width, inner, 1 / 2);
    norm(`${at}.layer_norm`);
  };
  random("shared.weight", [vocabulary, width], 1);
  linear("lm_head", vocabulary, width);
  for (const stack of ["encoder", "decoder"]) {
    random(`${stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`, [buckets, heads], 1);
    for (let layer = 0; layer < layers; layer++) {
      const at = `${stack}.block.${layer}.layer`;
      attention(`${at}.0`, "SelfAttention");
      if (stack === "decoder") attention(`${at}.1`, "EncDecAttention");
      const last = `${at}.${stack === "decoder" ? 2 : 1}`;
      linear(`${last}.DenseReluDense.wi`, hidden, width);
      linear(`${last}.DenseReluDense.wo`, width, hidden, 4);
      centre(`${last}.DenseReluDense.wo.weight`, hidden);
      norm(`${last}.layer_norm`);
    }
    norm(`${stack}.final_layer_norm`);
  }
  return tensors;
}

/** A tensor of the checkpoint. Throws for an unknown name. */
export function t5Tensor(name: string): T5Tensor {
  const tensor = t5Tensors()[name];
  if (!tensor) throw new RangeError(`the model has no tensor ${name}`);
  return tensor;
}

/** The tokens of each source, random words and the token that ends them; the same in every run. */
export function t5Sources({ count, source }: SequenceProblem): readonly (readonly number[])[] {
  const random = randomSource(99);
  const word = () => t5Ids.firstWord + random.integer(t5Small.vocabulary - t5Ids.firstWord);
  return Array.from({ length: count }, () => [...Array.from({ length: source - 1 }, word), t5Ids.end]);
}

/**
 * The bucket of a key's distance from a query (Raffel et al. 2019, section 2.1); a decoder has none for keys after it.
 */
export function t5Bucket(
  distance: number,
  { buckets, farthest }: { readonly buckets: number; readonly farthest: number },
  isEncoder: boolean,
): number {
  const count = isEncoder ? buckets / 2 : buckets;
  const first = isEncoder && distance > 0 ? count : 0;
  const far = isEncoder ? Math.abs(distance) : Math.max(-distance, 0);
  const exact = count / 2;
  if (far < exact) return first + far;
  const share = Math.log(far / exact) / Math.log(farthest / exact);
  return first + Math.min(count - 1, exact + Math.floor(share * (count - exact)));
}

/**
 * Operations and bytes: products and attention for sources and tokens, and weights read once for the sources and once
 * for each token.
 */
export function t5Work({ count, tokens, source }: SequenceProblem): Work {
  const { vocabulary, width, layers, heads, headWidth, hidden } = t5Small;
  const inner = heads * headWidth;
  const encoder = layers * (4 * width * inner + 2 * width * hidden);
  const crossed = layers * 2 * width * inner;
  const decoder = layers * (6 * width * inner + 2 * width * hidden) + vocabulary * width;
  const pairs = layers * inner * (source * source + tokens * source + (tokens * (tokens + 1)) / 2);
  return {
    flops: count * (2 * source * (encoder + crossed) + 2 * tokens * decoder + 4 * pairs),
    bytes: 4 * (encoder + crossed + tokens * decoder),
    dtype: "f32",
  };
}
