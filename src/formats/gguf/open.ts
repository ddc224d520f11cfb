import { floatTypes } from "../../tensor/dtype.ts";
import { dtypes, formats, isPlain } from "../../tensor/formats/formats.ts";
import { loadPackedFormats } from "../../tensor/formats/packed.ts";
import { FormatError, listed } from "../format-error.ts";
import { type StoredTensor, storageOf } from "../safetensors/safetensors.ts";
import type { FileSource } from "../source.ts";
import { type Weights, weightsOf } from "../weights.ts";
import { type GgufHeader, type GgufValue, readGgufHeader } from "./header.ts";

/** A GGUF model: the metadata of its first file, and the tensors of all files, by their names there. */
export interface GgufModel {
  /** The first file. */
  readonly file: string;
  readonly files: readonly string[];
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly weights: Weights;
}

const partName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;
const maxParts = 99_999;

/** The files of a model of `count` files, as the first states. */
function partsOf({ file, metadata }: GgufHeader): string[] {
  const count = metadata.get("split.count")?.value ?? 1;
  if (count === 0 || count === 1) return [file];
  const fail = (field: string, problem: string): never => {
    throw new FormatError(file, problem, { field });
  };
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > maxParts) {
    return fail("split.count", `is ${count}, expected an integer from 1 to ${maxParts}`);
  }
  const [, prefix = "", number = "", total = ""] = partName.exec(file) ?? [];
  const of = (part: number) => `${prefix}-${String(part).padStart(5, "0")}-of-${total}.gguf`;
  if (Number(total) !== count) {
    return fail("split.count", `is ${count}, expected a file named …-00001-of-${String(count).padStart(5, "0")}.gguf`);
  }
  if (metadata.get("split.no")?.value !== 0 || Number(number) !== 1) {
    return fail("split.no", `says that this is part ${number} of ${total}, expected the first: ${of(1)}`);
  }
  return [file, ...Array.from({ length: count - 1 }, (_, i) => of(i + 2))];
}

/** Reads the headers of the other parts of a model, and compares them with the first. */
async function readParts(source: FileSource, first: GgufHeader, files: readonly string[]): Promise<GgufHeader[]> {
  const others = files.slice(1);
  const there = await Promise.all(others.map((file) => source.has(file)));
  const missing = others.filter((_, i) => !there[i]);
  if (missing.length > 0) {
    throw new FormatError(first.file, `is one of ${files.length} parts, of which there are no ${listed(missing)}`, {
      field: "split.count",
    });
  }
  const headers = [first];
  for (const [i, file] of others.entries()) {
    const header = await readGgufHeader(source, file);
    const number = header.metadata.get("split.no")?.value;
    if (number !== i + 1) {
      throw new FormatError(file, `is ${number}, expected ${i + 1}`, { field: "split.no" });
    }
    headers.push(header);
  }
  return headers;
}

function checkSplit(first: GgufHeader, tensors: ReadonlyMap<string, StoredTensor>, files: readonly string[]): void {
  const stated = first.metadata.get("split.tensors.count")?.value;
  if (files.length === 1 || stated === undefined || stated === tensors.size) return;
  throw new FormatError(first.file, `is ${stated}, but ${files.length} parts have ${tensors.size} tensors`, {
    field: "split.tensors.count",
  });
}

/**
 * Opens a GGUF file, or all parts of the model whose first part it is. Only headers are read and checked.
 *
 * @throws FormatError for a header that breaks the format, a missing part, a duplicate tensor, or an unsupported type.
 */
export async function openGguf(source: FileSource, file: string): Promise<GgufModel> {
  const first = await readGgufHeader(source, file);
  const files = partsOf(first);
  const headers = files.length === 1 ? [first] : await readParts(source, first, files);
  const tensors = new Map<string, StoredTensor>();
  for (const header of headers) {
    for (const { name, type, shape, begin, end } of header.tensors) {
      const before = tensors.get(name);
      if (before) throw new FormatError(header.file, `is also in ${before.file}`, { field: name });
      if (!storedTypes.has(type.name)) {
        const known = [...storedTypes].join(", ");
        throw new FormatError(header.file, `has the type ${type.name}, which is not supported; known are ${known}`, {
          field: name,
        });
      }
      tensors.set(name, { name, file: header.file, dtype: type.name, shape, begin, end });
    }
  }
  checkSplit(first, tensors, files);
  if ([...tensors.values()].some((tensor) => !isPlain(storageOf(tensor)))) await loadPackedFormats();
  return { file, files, metadata: first.metadata, weights: weightsOf(source, file, tensors) };
}

/** Names of the types of tensors that can be loaded: floats, and the blocks of storage formats. */
const storedTypes: ReadonlySet<string> = new Set(
  [...floatTypes, ...dtypes.filter((name) => formats[name].ggml !== undefined)].map((name) => name.toUpperCase()),
);
