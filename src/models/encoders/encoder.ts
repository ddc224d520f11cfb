import { type EncoderInputs, encoderBlock } from "../../blocks/encoder-block.ts";
import { layerTraining, type StackTraining } from "../../blocks/layer-training.ts";
import { addNorm, norm, type Residual, summed } from "../../blocks/norm.ts";
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
export interface TokenInputs extends Pick<EncoderInputs, "layout" | "mask"> {
  /** Token ids, u32 `[b, t]`. */
  readonly ids: Tensor;
  /** Position of each token, or its row of the table of learned positions, u32 `[b, t]`. */
  readonly positions: Tensor;
  /** Type of each token, u32 `[b, t]`; for models that have types. */
  readonly types?: Tensor | undefined;
  /** Training's hooks. */
  readonly training?: StackTraining | undefined;
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
 * The states `[b, t, c]` of the last layer, after the final norm if there is one. While recording, taps are
 * `embedding`, the normed sum of the embeddings, and `layer.N.output`, the states after layer N, in addition to the
 * blocks' own taps.
 */
export function encode(model: EncoderModel, inputs: TokenInputs): Tensor {
  const { gpu, config, weights } = model;
  const { layout, training } = inputs;
  const { dropout, around = (layer: () => Residual) => layer() } = training ?? {};
  const x = gpu.within("embedding", () => {
    const embedded = embed(model, inputs);
    return dropout ? dropout(embedded, 0) : embedded;
  });
  gpu.tap("embedding", x);
  let stream: Residual = { sum: x };
  const { heads, headWidth, norms, windows, activation } = config;
  weights.blocks.forEach((block, layer) => {
    const sees = {
      layout,
      ...layerSight(model, inputs, windows?.[layer]),
      training: layerTraining(training, layer),
    };
    const given = stream;
    stream = around(() =>
      encoderBlock(gpu, `layer.${layer}`, given, sees, block, { heads, headWidth, activation, norms }),
    );
    const name = `layer.${layer}.output`;
    const isLast = layer === weights.blocks.length - 1;
    if (gpu.isTapped(name) && !isLast) gpu.tap(name, summed(gpu, stream));
  });
  const { finalNorm } = weights;
  const states = finalNorm ? gpu.within("norm", () => addNorm(gpu, stream, finalNorm).y) : summed(gpu, stream);
  if (weights.blocks.length > 0) gpu.tap(`layer.${weights.blocks.length - 1}.output`, states);
  return states;
}

/** The mask of a layer: tokens see those within its window, by position. */
function layerSight({ config, weights }: EncoderModel, inputs: TokenInputs, window: number | undefined): EncoderInputs {
  const { mask = "full", positions } = inputs;
  if (window !== undefined && mask !== "full") {
    throw new TypeError(
      `${config.architecture}: layers with windows take no other mask, expected texts in a ragged layout`,
    );
  }
  const table = weights.rotations?.[window === undefined ? "all" : "local"];
  return {
    mask: window === undefined ? mask : { kind: "local", left: window, right: window },
    ...(table ? { rotation: { table, positions, layout: "halves" } } : {}),
    ...(weights.relativeBias ? { score: { kind: "signed-relative-bias", table: weights.relativeBias } } : {}),
  };
}
