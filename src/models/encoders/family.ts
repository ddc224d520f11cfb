import type { FieldReader } from "../../formats/json/fields.ts";
import type {
  AttentionSources,
  FeedForwardSources,
  LayerSources,
  Opposites,
  WeightNames,
  WeightSource,
} from "../decoders/family.ts";
import type { EncoderConfig } from "./config.ts";
import type { FamilyHeads, HeadKind, HeadNaming, HeadSources } from "./heads/head.ts";

/** Names and shapes of the weights outside the layers. */
export interface EncoderSources {
  readonly embedding: WeightSource;
  readonly positions?: WeightSource;
  /** Embeddings of token types. */
  readonly types?: WeightSource;
  /** Of the sum of the embeddings. */
  readonly embeddingNorm: WeightSource;
  readonly embeddingNormBias?: WeightSource;
  /** Of the states of the last layer. */
  readonly finalNorm?: WeightSource;
  readonly finalNormBias?: WeightSource;
  /** Biases by buckets of distances `[buckets, heads]`, for all layers. */
  readonly relativeBias?: WeightSource;
  /** Of the heads in the folder. */
  readonly heads?: Readonly<Partial<Record<HeadKind, HeadSources>>>;
}

/** Names and shapes of one layer's weights; encoder layers have no experts. */
export interface EncoderLayerSources extends Omit<LayerSources, keyof AttentionSources>, AttentionSources {
  readonly feedForwardNorm: WeightSource;
  readonly feedForward: FeedForwardSources;
}

/** A family of encoders: how its config is read and how its weights are named. */
export interface EncoderFamily extends WeightNames<EncoderConfig, EncoderSources, EncoderLayerSources> {
  /** The values of `model_type` in a `config.json`. */
  readonly modelTypes: readonly string[];
  readonly read: (config: FieldReader, modelType: string) => EncoderConfig;
  /** The heads that its models may have. */
  readonly heads?: (config: EncoderConfig, naming: HeadNaming) => FamilyHeads;
  /** Which optional tensors a new checkpoint has; unset: the biases of norms. */
  readonly fresh?: (config: FieldReader) => (name: string) => boolean;
}

/**
 * Width of a head. Throws `FormatError` for heads that do not divide the width, and for widths that are no multiple of
 * 4, since kernels read four elements at once.
 */
export function headWidthOf(
  config: FieldReader,
  field: string,
  heads: number,
  widthField: string,
  width: number,
): number {
  if (width % heads !== 0) config.fail(field, `is ${heads}, which does not divide ${widthField} ${width}`);
  const headWidth = width / heads;
  if (headWidth % 4 !== 0) {
    config.fail(
      field,
      `is ${heads}, and ${widthField} ${width}: heads of ${headWidth} elements, expected a multiple of 4`,
    );
  }
  return headWidth;
}

/** Names of a weight matrix and its bias, of a projection with this number of inputs and outputs. */
export function projectionSources(name: string, inputs: number, outputs: number) {
  const weight: WeightSource = { name: `${name}.weight`, shape: [outputs, inputs] };
  const bias: WeightSource = { name: `${name}.bias`, shape: [outputs] };
  return { weight, bias };
}

/** The name of the table of learned positions, if the config has them. */
export function positionSources(
  name: string,
  { positions, width }: EncoderConfig,
): { readonly positions?: WeightSource } {
  return positions.kind === "learned" ? { positions: { name, shape: [positions.rows, width] } } : {};
}

/** Names of a layer norm's weights, in the spelling that the checkpoint has: old ones say gamma and beta. */
export function normSources(name: string, width: number, has: (name: string) => boolean) {
  const old = has(`${name}.gamma`);
  const weight: WeightSource = { name: `${name}.${old ? "gamma" : "weight"}`, shape: [width] };
  const bias: WeightSource = { name: `${name}.${old ? "beta" : "bias"}`, shape: [width] };
  return { weight, bias };
}

/**
 * The sources of a layer, from the names of its parts after `prefix`: projections with biases, and norms of the sums.
 */
export function layerSources(
  { width, hidden }: EncoderConfig,
  prefix: string,
  names: Readonly<Record<"q" | "k" | "v" | "output" | "attentionNorm" | "up" | "down" | "feedForwardNorm", string>>,
  has: (name: string) => boolean,
): EncoderLayerSources {
  const projection = (name: string, inputs = width, outputs = width) =>
    projectionSources(`${prefix}${name}`, inputs, outputs);
  const norm = (name: string) => normSources(`${prefix}${name}`, width, has);
  const [q, k, v, output] = [names.q, names.k, names.v, names.output].map((name) => projection(name)) as [
    ReturnType<typeof projection>,
    ReturnType<typeof projection>,
    ReturnType<typeof projection>,
    ReturnType<typeof projection>,
  ];
  const [up, down] = [projection(names.up, width, hidden), projection(names.down, hidden, width)];
  const [attentionNorm, feedForwardNorm] = [norm(names.attentionNorm), norm(names.feedForwardNorm)];
  return {
    q: q.weight,
    qBias: q.bias,
    k: k.weight,
    kBias: k.bias,
    v: v.weight,
    vBias: v.bias,
    output: output.weight,
    outputBias: output.bias,
    attentionNorm: attentionNorm.weight,
    attentionNormBias: attentionNorm.bias,
    feedForwardNorm: feedForwardNorm.weight,
    feedForwardNormBias: feedForwardNorm.bias,
    feedForward: { up: up.weight, upBias: up.bias, down: down.weight, downBias: down.bias },
  };
}

/** What contradicts the number of layers in `config.json`, for most families. */
export const layerOpposites = ({ layers }: EncoderConfig): Opposites<EncoderConfig> => ({
  num_hidden_layers: { is: layers, but: { layers: layers + 1 } },
});
