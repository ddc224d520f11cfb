import { type EncoderInputs, encoderBlock } from "../../blocks/encoder-block.ts";
import { norm, type Residual, summed } from "../../blocks/norm.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { EncoderConfig } from "./config.ts";
import type { EncoderWeights } from "./weights.ts";

/** An encoder on the GPU: its settings and weights. */
export interface EncoderModel {
  readonly gpu: Gpu;
  readonly config: EncoderConfig;
  readonly weights: EncoderWeights;
}

/** The tokens of texts, one text after the other, or batch rows of one length. */
export interface TokenInputs extends Omit<EncoderInputs, "rotation"> {
  /** Token ids, u32 `[b, t]`. */
  readonly ids: Tensor;
  /** Row of the table of positions of each token, u32 `[b, t]`. */
  readonly positions: Tensor;
  /** Type of each token, u32 `[b, t]`; for models that have types. */
  readonly types?: Tensor | undefined;
}

/** The sum of the tokens' embeddings, normed `[b, t, c]`. */
function embed({ gpu, config, weights }: EncoderModel, { ids, positions, types }: TokenInputs): Tensor {
  const [b = 1, t = 1] = ids.shape;
  const rows = (table: Tensor, of: Tensor) => gather(gpu, { ids: reshape(of, [b * t]), table }).y;
  let x = rows(weights.embedding, ids);
  if (weights.positions) x = add(gpu, { a: x, b: rows(weights.positions, positions) }).y;
  if (weights.types) {
    if (!types) throw new TypeError(`${config.architecture}: tokens need types`);
    x = add(gpu, { a: x, b: rows(weights.types, types) }).y;
  }
  return reshape(norm(gpu, x, weights.embeddingNorm), [b, t, config.width]);
}

/**
 * The states `[b, t, c]` of the last layer. While recording, taps are `embedding`, the normed sum of the embeddings, and
 * `layer.N.output`, the states after layer N, apart from what blocks tap.
 */
export function encode(model: EncoderModel, inputs: TokenInputs): Tensor {
  const { gpu, config, weights } = model;
  const { ids: _ids, positions: _positions, types: _types, ...visible } = inputs;
  const x = gpu.within("embedding", () => embed(model, inputs));
  gpu.tap("embedding", x);
  let stream: Residual = { sum: x };
  const { heads, headWidth, activation, norms } = config;
  weights.blocks.forEach((block, layer) => {
    stream = encoderBlock(gpu, `layer.${layer}`, stream, visible, block, { heads, headWidth, activation, norms });
    const name = `layer.${layer}.output`;
    if (gpu.isTapped(name)) gpu.tap(name, summed(gpu, stream));
  });
  return summed(gpu, stream);
}
