import { FormatError } from "../formats/format-error.ts";
import { readGguf, readTokenizer } from "../formats/gguf/entry.ts";
import { quantisationMethod } from "../formats/quantised/methods.ts";
import { readJson, readText } from "../formats/read-text.ts";
import { dtypeOf, type StoredTensor, storageOf } from "../formats/safetensors.ts";
import type { FileSource } from "../formats/source.ts";
import type { Weights } from "../formats/weights.ts";
import { readModelFolder } from "../generate/model-folder.ts";
import { transposed } from "../models/stored-rows.ts";
import { elementsOf, isPlain } from "../tensor/dtype.ts";
import { loadCodecs } from "../tensor/formats/packed.ts";
import { decodePlanes, encodePlanes, formats } from "../tensor/formats.ts";
import { dequantised } from "./dequantised.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The files of a Hugging Face folder, made of a GGUF file or of a quantised folder. */
export interface FolderWriting {
  /** Texts of the small files by their names. */
  readonly files: Readonly<Record<string, string>>;
  /** Bytes of `model.safetensors`. */
  readonly bytes: number;
  /** Its bytes in order. */
  readonly pieces: () => AsyncGenerator<Bytes>;
  readonly warnings: readonly string[];
}

/** Numbers that are converted at a time. */
const pieceElements = 1 << 20;
const bytesPerHalf = 2;

/** The number of elements of a shape. */
const sizeOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

/** The numbers of bytes that a file holds, without what it has added to them. */
function numbersOf(tensor: StoredTensor, bytes: Bytes): Float64Array {
  const { added } = tensor;
  const stored = storedNumbers(tensor, bytes);
  return added === undefined ? stored : stored.map((value) => value - added);
}

export function storedNumbers(tensor: StoredTensor, bytes: Bytes): Float64Array {
  const dtype = storageOf(tensor);
  const { ggml, planes } = formats[dtype];
  if (isPlain(dtype)) {
    const data = elementsOf(dtype, bytes.slice().buffer);
    return decodePlanes(dtype, [data.length], { data });
  }
  const split = ggml?.split(bytes) ?? { data: new Uint8Array() };
  return decodePlanes(dtype, [1, Number(planes.data.elements)], split);
}

/** A tensor's elements as f16, in order. */
async function* halves(weights: Weights, tensor: StoredTensor): AsyncGenerator<Bytes> {
  const size = tensor.end - tensor.begin;
  if (size === 0) return;
  const half = (numbers: ArrayLike<number>) => {
    const { data } = encodePlanes("f16", [numbers.length], numbers);
    return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  };
  if (tensor.transposed) {
    // The file holds the transposed matrix, and a folder the one of this shape.
    const numbers = numbersOf(tensor, await weights.read(tensor, 0, size));
    const stored = elementsOf("f16", half(numbers).slice().buffer);
    const { buffer } = transposed(stored, tensor.shape.toReversed());
    yield new Uint8Array(buffer as ArrayBuffer);
    return;
  }
  const bytesPerPiece = Math.floor((pieceElements / sizeOf(tensor.shape)) * size);
  const unit = isPlain(storageOf(tensor)) ? formats[dtypeOf(tensor)].planes.data.bytes : blockBytes(tensor);
  const step = Math.max(unit, Math.floor(bytesPerPiece / unit) * unit);
  const reads = Array.from({ length: Math.ceil(size / step) }, (_, i) => ({
    tensor,
    begin: i * step,
    end: Math.min(size, (i + 1) * step),
  }));
  for await (const bytes of weights.readInOrder(reads)) yield half(numbersOf(tensor, bytes));
}

const blockBytes = (tensor: StoredTensor): number => formats[storageOf(tensor)].ggml?.bytes ?? 1;

/** The header of a safetensors file of f16, padded to a multiple of 8 bytes. */
function safetensorsHeader(tensors: readonly StoredTensor[]): Bytes {
  const entries: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let at = 0;
  for (const { name, shape } of tensors) {
    const end = at + bytesPerHalf * sizeOf(shape);
    entries[name] = { dtype: "F16", shape, data_offsets: [at, end] };
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}

const printed = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** A folder with all of these tensors as f16, and these small files. */
export function folderWriting(
  weights: Weights,
  files: Readonly<Record<string, string>>,
  warnings: readonly string[],
): FolderWriting {
  const tensors = [...weights.tensors.values()];
  const header = safetensorsHeader(tensors);
  async function* pieces(): AsyncGenerator<Bytes> {
    await loadCodecs();
    yield header;
    for (const tensor of tensors) yield* halves(weights, tensor);
  }
  const bytes = tensors.reduce((sum, { shape }) => sum + bytesPerHalf * sizeOf(shape), header.length);
  return { files, bytes, pieces, warnings };
}

/**
 * Plans the Hugging Face folder of a GGUF file, with all weights as f16.
 *
 * @throws FormatError for a file that is invalid, or whose model or tokenizer is not known.
 */
export async function toFolder(source: FileSource, file: string): Promise<FolderWriting> {
  const { config, facts, weights } = await readGguf(source, file);
  const tokens = readTokenizer(facts.reader);
  const files = {
    "config.json": printed({ ...config, torch_dtype: "float16" }),
    "generation_config.json": printed(tokens.generation),
    "tokenizer_config.json": printed(tokens.config),
    "tokenizer.json": printed(tokens.tokenizer),
  };
  return folderWriting(weights, files, tokens.warnings);
}

/** Small files of a folder that are kept as they are. */
const kept = ["generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];

/**
 * Plans the folder of one whose matrices are quantised, with all weights as f16, the nearest to what they stand for.
 *
 * @throws FormatError for a folder that is invalid, or is not quantised.
 */
export async function dequantisedFolder(source: FileSource): Promise<FolderWriting> {
  const { weights, warnings, quantisation } = await readModelFolder(source);
  const given = (await readJson(source, "config.json")) as Readonly<Record<string, unknown>>;
  if (!quantisationMethod(given)) {
    throw new FormatError("config.json", "is missing: the folder's weights are floats already", {
      field: "quantization_config",
    });
  }
  const { quantization_config: _, ...config } = given;
  const files: Record<string, string> = { "config.json": printed({ ...config, torch_dtype: "float16" }) };
  for (const name of kept) if (await source.has(name)) files[name] = await readText(source, name);
  const note = `${source.name}: ${quantisation}: what codes stand for is written as f16`;
  return folderWriting(dequantised(weights), files, [...warnings, note]);
}
