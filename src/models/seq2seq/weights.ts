import type { CrossBlockWeights } from "../../blocks/cross-block.ts";
import type { EncoderBlockWeights } from "../../blocks/encoder-block.ts";
import type { Linear } from "../../blocks/linear.ts";
import type { Weights } from "../../formats/weights.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { type Tensor, upload } from "../../tensor/tensor.ts";
import type { EncoderLayerSources } from "../encoders/family.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { Loader, type LoadOptions } from "../weights/loader.ts";
import { matrixTypes } from "../weights/matrix-types.ts";
import { partLoader } from "../weights/part-loader.ts";
import type { EncoderDecoderConfig } from "./config.ts";
import type { AnyLayerSources, DecoderLayerSources, EncoderDecoderSources, StackSources } from "./family.ts";
import { bucketsOfOffsets, sinusoids } from "./positions.ts";
import { derivedStack, type StackWeights, type StoredStack, stackTables } from "./stack-weights.ts";

/** Weights of an encoder-decoder on the GPU. */
export interface EncoderDecoderWeights {
  readonly encoder: StackWeights & { readonly blocks: readonly EncoderBlockWeights[] };
  readonly decoder: StackWeights & { readonly blocks: readonly CrossBlockWeights[] };
  readonly head: Linear;
  /** Total size in bytes. */
  readonly bytes: number;
  dispose(): void;
}

/** Length of the table of sines and cosines if a config sets none. */
const sinusoidRows = 4096;

const isDecoderLayer = (layer: AnyLayerSources): layer is DecoderLayerSources => "cross" in layer;

/**
 * Uploads the weights of a checked checkpoint, checking every value. Throws `FormatError` for NaN or infinity; nothing
 * stays allocated then.
 */
export async function uploadEncoderDecoder(
  gpu: Gpu,
  weights: Weights,
  { outer, layers }: Checkpoint<EncoderDecoderSources, AnyLayerSources>,
  config: EncoderDecoderConfig,
  options: LoadOptions = {},
): Promise<EncoderDecoderWeights> {
  const loader = new Loader(gpu, weights, options);
  const types = matrixTypes(options, config);
  const made: Tensor[] = [];
  const own = (tensor: Tensor): Tensor => {
    made.push(tensor);
    return tensor;
  };
  const dispose = () => {
    for (const tensor of made) tensor.dispose();
    loader.dispose();
  };
  try {
    const { norm, linear, projections, feedForward } = partLoader(gpu, weights, loader, types, config);
    const embedding = loader.matrix(outer.embedding, types.of("embedding"));
    const sourceEmbedding = outer.sourceEmbedding
      ? loader.matrix(outer.sourceEmbedding, types.of("embedding"))
      : embedding;
    const stack = (name: "encoder" | "decoder") => {
      const { positions, embeddingNorm, embeddingNormBias, finalNorm, finalNormBias, relativeBias }: StackSources =
        outer[name];
      const learned = positions && loader.matrix(positions, types.of("positions"));
      const buckets = relativeBias && loader.matrix(relativeBias, () => "f32");
      const norms = {
        embeddingNorm: embeddingNorm && norm(embeddingNorm, embeddingNormBias),
        finalNorm: finalNorm && norm(finalNorm, finalNormBias),
      };
      const stored = { finalNorm: norms.finalNorm, buckets };
      return (): StackWeights => ({
        embedding: name === "encoder" ? sourceEmbedding : embedding,
        embeddingNorm: norms.embeddingNorm,
        ...derivedOnce(gpu, config, name, stored, own),
        positions: learned ?? sinusoidTable(gpu, config, name, own),
        stored,
      });
    };
    const stacks = { encoder: stack("encoder"), decoder: stack("decoder") };
    /** The parts that layers of both stacks have. */
    const common = (layer: EncoderLayerSources, index: number) => {
      const feedForwardNorm = norm(layer.feedForwardNorm, layer.feedForwardNormBias);
      const attention = projections(layer, index);
      const fed = feedForward(layer.feedForward, index);
      return () => ({ feedForwardNorm, attention: attention(), feedForward: fed() });
    };
    const encoderLayer = (layer: EncoderLayerSources, index: number) => {
      const block = common(layer, index);
      const attentionNorm = layer.attentionNorm && norm(layer.attentionNorm, layer.attentionNormBias);
      return (): EncoderBlockWeights => ({ ...block(), attentionNorm });
    };
    const decoderLayer = (layer: DecoderLayerSources, index: number) => {
      const { cross } = layer;
      const block = common(layer, index);
      const attentionNorm = norm(layer.attentionNorm, layer.attentionNormBias);
      const crossNorm = norm(cross.norm, cross.normBias);
      const parts = {
        q: linear(types.of("q", index), cross.q, cross.qBias),
        k: linear(types.of("k", index), cross.k, cross.kBias),
        v: linear(types.of("v", index), cross.v, cross.vBias),
        output: linear(types.of("output", index), cross.output, cross.outputBias),
      };
      return (): CrossBlockWeights => ({ ...block(), attentionNorm, crossNorm, cross: parts });
    };
    const [encoderLayers, decoderLayers] = [
      layers.slice(0, config.encoder.layers).map(encoderLayer),
      layers
        .slice(config.encoder.layers)
        .filter(isDecoderLayer)
        .map((layer, i) => decoderLayer(layer, config.encoder.layers + i)),
    ];
    const head: Linear = {
      weight: outer.head ? loader.matrix(outer.head, types.of("head")) : embedding,
      bias: outer.headBias && loader.vector(outer.headBias),
    };
    for (const note of types.notes()) (options.onWarning ?? console.warn)(note);
    await loader.finish();
    const encoder = { ...stacks.encoder(), blocks: encoderLayers.map((block) => block()) };
    const decoder = { ...stacks.decoder(), blocks: decoderLayers.map((block) => block()) };
    await gpu.flush();
    const bytes = made.reduce((sum, tensor) => sum + tensor.bytes, loader.bytes);
    return { encoder, decoder, head, bytes, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Bytes of the tensors computed from the config and the weights. */
export function tableBytes(config: EncoderDecoderConfig): number {
  const ofStack = (name: "encoder" | "decoder"): number => {
    const { positions, context = sinusoidRows, heads } = config[name];
    if (positions.kind === "sinusoidal") return 4 * context * config.width;
    return positions.kind === "buckets" ? 4 * heads * bucketsOfOffsets(positions, name).length : 0;
  };
  const scaled = config.headScale === undefined ? 0 : 4 * config.width * (config.norm === "rms" ? 1 : 2);
  return ofStack("encoder") + ofStack("decoder") + scaled;
}

/** The weights of a stack computed from stored ones, in separate memory. */
function derivedOnce(
  gpu: Gpu,
  config: EncoderDecoderConfig,
  name: "encoder" | "decoder",
  stored: StoredStack,
  own: (tensor: Tensor) => Tensor,
): Pick<StackWeights, "finalNorm" | "relativeBias"> {
  using scope = gpu.scope();
  const tables = stackTables(gpu, config, name);
  const { finalNorm, relativeBias } = derivedStack(gpu, stored, tables);
  const kept = (tensor: Tensor | undefined) => tensor && own(scope.keep(tensor));
  if (tables.factors && finalNorm) {
    kept(finalNorm.weight);
    if (finalNorm.kind === "layer") kept(finalNorm.bias);
  }
  return { finalNorm, relativeBias: kept(relativeBias) };
}

/** Sines and cosines, if the stack adds them. */
function sinusoidTable(
  gpu: Gpu,
  config: EncoderDecoderConfig,
  name: "encoder" | "decoder",
  own: (tensor: Tensor) => Tensor,
): Tensor | undefined {
  const { positions, context = sinusoidRows } = config[name];
  if (positions.kind !== "sinusoidal") return undefined;
  const values = sinusoids(context, config.width, positions.spelling);
  return own(gpu.unscoped(() => upload(gpu, [context, config.width], "f32", values, `${name} positions`)));
}
