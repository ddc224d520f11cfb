// Shared by families with the layers of 2017: norms after the additions, projections with biases.

import type { Activation } from "../../blocks/activations.ts";
import { choice, type Field, type FieldReader } from "../../formats/json/fields.ts";
import type { WeightSource } from "../decoders/family.ts";
import { type EncoderLayerSources, layerSources, projectionSources } from "../encoders/family.ts";
import type { EncoderDecoderConfig, StackConfig } from "./config.ts";
import type { CrossSources, DecoderLayerSources } from "./family.ts";

const activations = {
  relu: "relu",
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  silu: "silu",
  swish: "silu",
} as const satisfies Readonly<Record<string, Activation | "relu">>;

type ActivationName = keyof typeof activations;

/** A field that names an activation; `gelu` is the form by the error function. */
export const activationField: Field<ActivationName> = choice(Object.keys(activations) as ActivationName[]);

/** The activation of this name. */
export const activationNamed = (name: ActivationName): Activation | "relu" => activations[name];

/**
 * Width of a head of a stack. Throws `FormatError`, with the field of the number of heads, for heads that do not divide
 * the width, or whose width is no multiple of 4, since kernels read four elements at once.
 */
export function headWidthIn(
  config: FieldReader,
  { width, heads }: { readonly width: number; readonly heads: number },
  field: string,
): number {
  if (width % heads !== 0) config.fail(field, `is ${heads}, which does not divide d_model ${width}`);
  if ((width / heads) % 4 !== 0) {
    const problem = `is ${heads}, and d_model ${width}: heads of ${width / heads} elements, expected a multiple of 4`;
    config.fail(field, problem);
  }
  return width / heads;
}

/** Names of a layer's parts, after the name of the layer. */
export interface PostNormNames {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly output: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly feedForwardNorm: string;
}

/** Names of a decoder layer's further parts. */
export type CrossNames = Pick<PostNormNames, "q" | "k" | "v" | "output"> & { readonly norm: string };

/** No norm in these files has the old spelling. */
const never = () => false;

/** The settings of a stack that `layerSources` reads. */
const stackOf = ({ width }: EncoderDecoderConfig, { hidden }: StackConfig) =>
  ({ width, hidden }) as Parameters<typeof layerSources>[0];

/** The sources of the encoder layer named `at`. */
export const encoderLayerOf = (config: EncoderDecoderConfig, at: string, names: PostNormNames): EncoderLayerSources =>
  layerSources(stackOf(config, config.encoder), at, names, never);

/** The weight and bias of a norm. */
export const layerNorm = (name: string, width: number): readonly [WeightSource, WeightSource] => [
  { name: `${name}.weight`, shape: [width] },
  { name: `${name}.bias`, shape: [width] },
];

/** The sources of cross-attention in the layer named `at`. */
function crossOf({ width }: EncoderDecoderConfig, at: string, names: CrossNames): CrossSources {
  const part = (name: string) => projectionSources(`${at}${name}`, width, width);
  const [q, k, v, output] = [part(names.q), part(names.k), part(names.v), part(names.output)];
  const [norm, normBias] = layerNorm(`${at}${names.norm}`, width);
  return {
    norm,
    normBias,
    q: q.weight,
    qBias: q.bias,
    k: k.weight,
    kBias: k.bias,
    v: v.weight,
    vBias: v.bias,
    output: output.weight,
    outputBias: output.bias,
  };
}

/** The sources of the decoder layer named `at`. */
export function decoderLayerOf(
  config: EncoderDecoderConfig,
  at: string,
  names: PostNormNames,
  cross: CrossNames,
): DecoderLayerSources {
  const own = layerSources(stackOf(config, config.decoder), at, names, never);
  const [attentionNorm] = layerNorm(`${at}${names.attentionNorm}`, config.width);
  return { ...own, attentionNorm, cross: crossOf(config, at, cross) };
}
