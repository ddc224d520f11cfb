import { type Activation, gatedNames } from "../blocks/activations.ts";
import { choice, type Field, type FieldReader } from "../formats/fields.ts";

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
