import { type Activation, gatedNames } from "../blocks/activations.ts";
import { choice, type Field, type FieldReader, list, optional } from "../formats/json/fields.ts";

/** Activations by their names in a `config.json`. */
const activations = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  gelu_fast: "gelu-tanh",
  quick_gelu: "quick-gelu",
} as const satisfies Readonly<Record<string, Activation>>;

type ActivationName = keyof typeof activations;
const names = Object.keys(activations) as ActivationName[];

/** A field that names an activation, of a gated feed-forward layer or of one without a gate. */
export const activationName = (gated: boolean): Field<ActivationName> =>
  choice(gated ? names.filter((name) => gatedNames.some((known) => known === activations[name])) : names);

/** The activation of this name. */
export const activationOf = (name: ActivationName): Activation => activations[name];

/** Throws `FormatError` unless `heads` is a multiple of `kvHeads`. */
export function checkHeads(config: FieldReader, heads: number, kvHeads: number, field: string): void {
  if (heads % kvHeads !== 0) config.fail(field, `is ${kvHeads}, which does not divide ${heads} query heads`);
}

/** The kind of attention of each layer: with a window or full. */
export const layerTypes = optional(list(choice(["sliding_attention", "full_attention"]), "types of layers"));

/**
 * The window of each layer: those that `layer_types` lists have one; without a list, `slides` decides. Throws
 * `FormatError` for a list of another length.
 */
export function windowsOf(
  config: FieldReader,
  {
    num_hidden_layers: layers,
    layer_types: types,
  }: { num_hidden_layers: number; layer_types?: readonly string[] | undefined },
  window: number | undefined,
  slides: (layer: number) => boolean,
): (number | undefined)[] {
  if (types && types.length !== layers) config.fail("layer_types", `has ${types.length} entries for ${layers} layers`);
  const has = (layer: number) => (types ? types[layer] === "sliding_attention" : slides(layer));
  return Array.from({ length: layers }, (_, layer) => (has(layer) ? window : undefined));
}
