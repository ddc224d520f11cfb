import { elementsOf } from "../../tensor/dtype.ts";
import { decodePlanes } from "../../tensor/formats/formats.ts";
import { FormatError, shortened } from "../format-error.ts";
import { type FieldReader, readFields, text } from "../json/fields.ts";
import { dtypeOf, type StoredTensor } from "../safetensors/safetensors.ts";
import type { GgufScalar } from "./header.ts";
import type { GgufModel } from "./open.ts";

/** What a GGUF file says about its model. */
export interface Facts {
  /** The metadata by its keys. Errors name the file and the key. */
  readonly reader: FieldReader;
  /** Value of `general.architecture`. */
  readonly architecture: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** A value by its key without the architecture's prefix, or undefined. A value per layer must be the same in all. */
  value(key: string): unknown;
  /** The same for a number. Throws `FormatError` for anything else. */
  number(key: string): number | undefined;
  /** The values per layer, by key; undefined if the file has none, or one for all. */
  list(key: string): readonly unknown[] | undefined;
  /** The numbers of a small tensor read with the metadata, or undefined. */
  numbers(tensor: string): readonly number[] | undefined;
  /** The full key, with the architecture's prefix. */
  key(key: string): string;
}

/** Maximum numbers in a tensor that is read with the metadata. */
const maxNumbers = 1 << 16;

const plain = (value: GgufScalar): unknown => (typeof value === "bigint" ? Number(value) : value);

/** Reads what a GGUF file says about its model, with the values of the tensors named in `small`. */
export async function readFacts(model: GgufModel, small: readonly string[]): Promise<Facts> {
  const { file, metadata, weights } = model;
  const raw = Object.fromEntries(
    [...metadata].map(([key, { value }]) => [
      key,
      Array.isArray(value) ? value.map(plain) : plain(value as GgufScalar),
    ]),
  );
  const reader = readFields(file, raw);
  const architecture = reader.field("general.architecture", text);
  const read = new Map<string, readonly number[]>();
  for (const name of small) {
    const tensor = weights.tensors.get(name);
    if (tensor) read.set(name, await numbersOf(model, tensor));
  }
  const key = (rest: string) => `${architecture}.${rest}`;
  const value = (rest: string): unknown => {
    const given = Object.hasOwn(raw, key(rest)) ? raw[key(rest)] : undefined;
    if (!Array.isArray(given)) return given;
    const [first] = given as unknown[];
    if (given.every((entry) => entry === first)) return first;
    return reader.fail(key(rest), "is not the same in all layers, which is not supported");
  };
  const list = (rest: string) => {
    const given = Object.hasOwn(raw, key(rest)) ? raw[key(rest)] : undefined;
    return Array.isArray(given) ? (given as unknown[]) : undefined;
  };
  const number = (rest: string) => {
    const given = value(rest);
    if (given === undefined || (typeof given === "number" && Number.isFinite(given))) return given;
    return reader.fail(key(rest), `is ${shortened(String(given), 80)}, expected a number`);
  };
  return {
    reader,
    architecture,
    tensors: weights.tensors,
    value,
    list,
    number,
    numbers: (name) => read.get(name),
    key,
  };
}

async function numbersOf({ weights, file }: GgufModel, tensor: StoredTensor): Promise<readonly number[]> {
  const { name, begin, end } = tensor;
  const dtype = dtypeOf(tensor);
  if (end - begin > 4 * maxNumbers) {
    throw new FormatError(file, `has ${end - begin} bytes, expected at most ${4 * maxNumbers}`, { field: name });
  }
  const bytes = await weights.read(tensor, 0, end - begin);
  const data = elementsOf(dtype, bytes.slice().buffer);
  return [...decodePlanes(dtype, [data.length], { data })];
}
