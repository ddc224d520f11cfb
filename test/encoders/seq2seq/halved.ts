import type { Gpu } from "../../../src/gpu/gpu.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { roundedSource, sequenceGolden } from "./golden.ts";

/** How far a model whose weights are stored in two bytes is from one of the same numbers in f32. */
export interface HalvedDistances {
  /** Of the states of all layers. */
  readonly states: number;
  readonly logits: number;
  /** Whether both generate the same tokens from the golden texts. */
  readonly sameTokens: boolean;
  /** How the weights are stored on the device. */
  readonly stored: string;
  /** Bytes on the device, in parts of those of f32. */
  readonly bytes: number;
}

/** Computes them with the first golden text, and tokens of all of them. */
export async function halvedDistances(gpu: Gpu, name: string, dtype: "f16" | "bf16"): Promise<HalvedDistances> {
  const folder = roundedSource(name, dtype);
  using whole = await loadEncoderDecoder(gpu, folder, { onWarning: () => {} });
  using half = await loadEncoderDecoder(gpu, folder, { onWarning: () => {}, dtype });
  const { texts, forced } = sequenceGolden(name);
  const [{ text } = { text: "" }] = texts;
  const target = forced.ids.slice(1, 6);
  const [one, other] = [await whole.hidden(text, { target }), await half.hidden(text, { target })];
  const given = texts.map((entry) => entry.text);
  const tokens = [];
  for (const model of [whole, half]) {
    const { results } = await model.generate(given, { maxTokens: 6, beams: 1 });
    tokens.push(results.map(({ ids }) => ids));
  }
  return {
    states: farthest(other.layers.flat(), one.layers.flat()),
    logits: farthest(other.logits ?? [], one.logits ?? []),
    sameTokens: JSON.stringify(tokens[0]) === JSON.stringify(tokens[1]),
    stored: half.stored.quantisation,
    bytes: half.bytes / whole.bytes,
  };
}
