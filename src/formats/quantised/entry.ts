// Loaded with the first folder whose config names a quantisation method.

import { FormatError } from "../format-error.ts";
import { type ByRows, type Grouped, withGroups } from "../grouped.ts";
import { readFields } from "../json/fields.ts";
import type { StoredTensor } from "../safetensors/safetensors.ts";
import { type Weights, withTensors } from "../weights.ts";
import { awq } from "./awq.ts";
import { bitsandbytes } from "./bitsandbytes.ts";
import { compressedTensors } from "./compressed-tensors.ts";
import { gptq } from "./gptq.ts";
import { madeTensors, partsOf, type Scheme, type SchemeReader } from "./scheme.ts";

/** All methods, by `quant_method`: adding one takes a file, and an entry here and in `methods.ts`. */
const readers: Readonly<Record<string, SchemeReader>> = {
  awq,
  gptq,
  "compressed-tensors": compressedTensors,
  bitsandbytes,
};

/** Weights of a quantised folder: matrices in the planes of a storage format, under the names that families know. */
export interface QuantisedWeights {
  readonly weights: Weights;
  /** How they are quantised, human-readable. */
  readonly name: string;
  readonly warnings: readonly string[];
}

/** Reads the settings of a parsed `config.json`. Throws `FormatError` for what is not supported. */
function readScheme(config: unknown, file = "config.json"): Scheme {
  const given = (config as { readonly quantization_config?: object }).quantization_config ?? {};
  const settings = readFields(file, given, (field) => `quantization_config.${field}`);
  const method = String(settings.raw["quant_method"]);
  const read = Object.hasOwn(readers, method) ? readers[method] : undefined;
  return read ? read(settings) : settings.fail("quant_method", `is ${method}, known are ${Object.keys(readers)}`);
}

/**
 * Weights in which the tensors of each quantised matrix are one. Only names, types and shapes are read.
 *
 * @param transposed true if the family's matrices are stored `[in, out]`.
 * @throws FormatError for unsupported settings, and for tensors that are missing or of another type or shape.
 */
export function quantisedWeights(weights: Weights, config: unknown, transposed: boolean): QuantisedWeights {
  const { name, endings, ignored = [], matrix, warnings = [] } = readScheme(config);
  const marks = endings.map((ending) => `.${ending}`);
  const baseOf = (tensor: string) => {
    const mark = marks.find((ending) => tensor.endsWith(ending));
    return mark === undefined ? undefined : tensor.slice(0, -mark.length);
  };
  const bases = new Set([...weights.tensors.keys()].flatMap((tensor) => baseOf(tensor) ?? []));
  if (bases.size === 0) {
    throw new FormatError(
      "config.json",
      `says ${name}, but ${weights.file} holds no quantised matrix: looked for names that end with ${marks.join(", ")}`,
      { field: "quantization_config" },
    );
  }
  const others = ["weight", ...ignored].map((ending) => `.${ending}`);
  const isOther = (tensor: string) =>
    others.some((ending) => tensor.endsWith(ending) && bases.has(tensor.slice(0, -ending.length)));
  const tensors = new Map<string, StoredTensor>();
  const made = new Map<StoredTensor, Grouped | ByRows>();
  for (const [known, kept] of weights.tensors) {
    const base = baseOf(known);
    const own = `${base}.weight`;
    if (base === undefined) {
      if (!isOther(known)) tensors.set(known, kept);
      continue;
    }
    if (tensors.has(own)) continue;
    const [tensor, parts] = madeTensors(matrix(partsOf(weights, base)), own, transposed);
    tensors.set(own, tensor);
    for (const [part, grouped] of parts) made.set(part, grouped);
  }
  return { weights: withGroups(withTensors(weights, tensors), made), name, warnings };
}

/**
 * Weights without superfluous biases that are all 0: AutoGPTQ writes one for every matrix. Others stay, for the check
 * for unread tensors.
 *
 * @param implied the names of the tensors that the model has.
 */
export async function withoutZeroBiases(weights: Weights, implied: ReadonlySet<string>): Promise<Weights> {
  const tensors = new Map(weights.tensors);
  const isExtra = ({ name }: StoredTensor) =>
    name.endsWith(".bias") && !implied.has(name) && tensors.has(name.replace(/bias$/, "weight"));
  const extra = [...tensors.values()].filter(isExtra);
  if (extra.length === 0) return weights;
  const reads = extra.map((tensor) => ({ tensor, begin: 0, end: tensor.end - tensor.begin }));
  const all = weights.readInOrder(reads);
  for (const { name } of extra) {
    const bytes = (await all.next()).value ?? [];
    // In all types of floats, an element whose bytes are all 0 is 0.
    if (bytes.every((byte: number) => byte === 0)) tensors.delete(name);
  }
  return withTensors(weights, tensors);
}
