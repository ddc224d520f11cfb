import type { EncoderBlockWeights } from "../../blocks/encoder-block.ts";
import type { Norm } from "../../blocks/norm.ts";
import type { Weights } from "../../formats/weights.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { Loader, type LoadOptions } from "../loader.ts";
import { matrixTypes } from "../matrix-types.ts";
import { partLoader } from "../part-loader.ts";
import type { EncoderConfig } from "./config.ts";
import type { EncoderLayerSources, EncoderSources } from "./family.ts";

/** Weights of an encoder on the GPU. */
export interface EncoderWeights {
  /** `[v, c]` */
  readonly embedding: Tensor;
  /** Learned positions `[rows, c]`. */
  readonly positions?: Tensor | undefined;
  /** Embeddings of the kinds of tokens `[types, c]`. */
  readonly types?: Tensor | undefined;
  readonly embeddingNorm: Norm;
  readonly blocks: readonly EncoderBlockWeights[];
  /** Total size in bytes. */
  readonly bytes: number;
  dispose(): void;
}

/**
 * Uploads the weights of a checked checkpoint, checking every value. Throws `FormatError` for NaN or infinity; nothing
 * stays allocated then.
 */
export async function uploadEncoder(
  gpu: Gpu,
  weights: Weights,
  { outer, layers }: Checkpoint<EncoderSources, EncoderLayerSources>,
  config: EncoderConfig,
  options: LoadOptions = {},
): Promise<EncoderWeights> {
  const loader = new Loader(gpu, weights, options);
  const types = matrixTypes(options, config);
  try {
    const { norm, projections, feedForward } = partLoader(gpu, weights, loader, types, config);
    const tables = {
      embedding: loader.matrix(outer.embedding, types.of("embedding")),
      positions: outer.positions && loader.matrix(outer.positions, types.of("positions")),
      types: outer.types && loader.matrix(outer.types, types.of("positions")),
      embeddingNorm: norm(outer.embeddingNorm, outer.embeddingNormBias),
    };
    const parts = layers.map((layer, index) => ({
      attentionNorm: layer.attentionNorm && norm(layer.attentionNorm, layer.attentionNormBias),
      attention: projections(layer, index),
      feedForwardNorm: norm(layer.feedForwardNorm, layer.feedForwardNormBias),
      feedForward: feedForward(layer.feedForward, index),
    }));
    for (const note of types.notes()) (options.onWarning ?? console.warn)(note);
    await loader.finish();
    const blocks = parts.map(
      ({ attention, feedForward, ...norms }): EncoderBlockWeights => ({
        ...norms,
        attention: attention(),
        feedForward: feedForward(),
      }),
    );
    return { ...tables, blocks, bytes: loader.bytes, dispose: () => loader.dispose() };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}
