import type { EncoderBlockWeights } from "../../blocks/encoder-block.ts";
import type { Norm } from "../../blocks/norm.ts";
import type { Weights } from "../../formats/weights.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { ropeTable } from "../../kernels/rope/table.ts";
import { type Tensor, tensor, upload } from "../../tensor/tensor.ts";
import { transpose } from "../../tensor/views.ts";
import type { RopeSettings } from "../decoders/rope.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { Loader, type LoadOptions } from "../weights/loader.ts";
import { matrixTypes } from "../weights/matrix-types.ts";
import { partLoader } from "../weights/part-loader.ts";
import { bucketOf } from "./buckets.ts";
import type { EncoderConfig } from "./config.ts";
import type { EncoderLayerSources, EncoderSources } from "./family.ts";
import type { FamilyHeads } from "./heads/head.ts";
import { loadHeads, type UploadedHeads } from "./heads/weights.ts";

/** Weights of an encoder on the GPU. */
export interface EncoderWeights {
  /** `[v, c]` */
  readonly embedding: Tensor;
  /** Learned positions `[rows, c]`. */
  readonly positions?: Tensor | undefined;
  /** Embeddings of token types `[types, c]`. */
  readonly types?: Tensor | undefined;
  readonly embeddingNorm: Norm;
  readonly finalNorm?: Norm | undefined;
  /** Biases of scores by distance `[heads, 2 · reach + 1]`. */
  readonly relativeBias?: Tensor | undefined;
  /** The checkpoint's biases that `relativeBias` is computed from, by buckets of distances `[buckets, heads]`. */
  readonly buckets?: Tensor | undefined;
  /** Cosines and sines of rotary positions `[context, pairs, 2]`; `local` for layers with a window. */
  readonly rotations?: { readonly all: Tensor; readonly local: Tensor } | undefined;
  readonly blocks: readonly EncoderBlockWeights[];
  readonly heads: UploadedHeads;
  /** Total size in bytes. */
  readonly bytes: number;
  dispose(): void;
}

/** The tables of rotary positions, if the model has them. */
function rotationTables(gpu: Gpu, { positions, context }: EncoderConfig): Pick<EncoderWeights, "rotations"> {
  if (positions.kind !== "rotary") return {};
  const table = ({ theta, width, scaling }: RopeSettings) => {
    const values = ropeTable({ theta, width, scaling, positions: context });
    return gpu.unscoped(() => upload(gpu, [context, width / 2, 2], "f32", values, "rope table"));
  };
  const all = table(positions.all);
  return { rotations: { all, local: positions.local ? table(positions.local) : all } };
}

/** The bias of each head by distance, from the biases by bucket `[buckets, heads]`. */
function relativeBiasTable(
  gpu: Gpu,
  { relativeBias }: EncoderConfig,
  biases: Tensor | undefined,
): Pick<EncoderWeights, "relativeBias"> {
  if (!relativeBias || !biases) return {};
  const { buckets, farthest } = relativeBias;
  const offsets = Array.from({ length: 2 * farthest + 1 }, (_, i) => bucketOf(i - farthest, buckets, farthest));
  using scope = gpu.scope();
  const rows = gather(gpu, { ids: tensor(gpu, [offsets.length], offsets, "u32"), table: biases }).y;
  return { relativeBias: scope.keep(contiguous(gpu, { x: transpose(rows) }).y) };
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
  options: LoadOptions & { readonly heads?: FamilyHeads } = {},
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
      finalNorm: outer.finalNorm && norm(outer.finalNorm, outer.finalNormBias),
    };
    const buckets = outer.relativeBias && loader.matrix(outer.relativeBias, () => "f32");
    const parts = layers.map((layer, index) => ({
      attentionNorm: layer.attentionNorm && norm(layer.attentionNorm, layer.attentionNormBias),
      attention: projections(layer, index),
      feedForwardNorm: norm(layer.feedForwardNorm, layer.feedForwardNormBias),
      feedForward: feedForward(layer.feedForward, index),
    }));
    const heads = loadHeads(options.heads ?? {}, {
      matrix: (source) => loader.matrix(source, types.of("head")),
      vector: (source) => loader.vector(source),
      eps: config.eps,
      embedding: tables.embedding,
    });
    for (const note of types.notes()) (options.onWarning ?? console.warn)(note);
    await loader.finish();
    const blocks = parts.map(
      ({ attention, feedForward, ...norms }): EncoderBlockWeights => ({
        ...norms,
        attention: attention(),
        feedForward: feedForward(),
      }),
    );
    const made = { ...rotationTables(gpu, config), ...relativeBiasTable(gpu, config, buckets) };
    const own = [made.rotations?.all, made.rotations?.local, made.relativeBias].filter((one) => one !== undefined);
    const dispose = () => {
      for (const tensor of new Set(own)) tensor.dispose();
      loader.dispose();
    };
    const bytes = [...new Set(own)].reduce((sum, tensor) => sum + tensor.bytes, loader.bytes);
    return { ...tables, ...made, buckets, blocks, heads, bytes, dispose };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}
