import { readGguf, readTokenizer } from "../formats/gguf/entry.ts";
import { dtypeOf, type StoredTensor, storageOf } from "../formats/safetensors.ts";
import type { FileSource } from "../formats/source.ts";
import type { Weights } from "../formats/weights.ts";
import { transposed } from "../models/stored-rows.ts";
import { elementsOf, isPlain } from "../tensor/dtype.ts";
import { loadCodecs } from "../tensor/formats/packed.ts";
import { decodePlanes, encodePlanes, formats } from "../tensor/formats.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The files of a Hugging Face folder, made of a GGUF file. */
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

/** The numbers of bytes that a file holds. */
function numbersOf(tensor: StoredTensor, bytes: Bytes): Float64Array {
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

/**
 * Plans the Hugging Face folder of a GGUF file, with all weights as f16.
 *
 * @throws FormatError for a file that is invalid, or whose model or tokenizer is not known.
 */
export async function toFolder(source: FileSource, file: string): Promise<FolderWriting> {
  const { config, facts, weights } = await readGguf(source, file);
  const tokens = readTokenizer(facts.reader);
  const tensors = [...weights.tensors.values()];
  const header = safetensorsHeader(tensors);
  async function* pieces(): AsyncGenerator<Bytes> {
    await loadCodecs();
    yield header;
    for (const tensor of tensors) yield* halves(weights, tensor);
  }
  return {
    files: {
      "config.json": printed({ ...config, torch_dtype: "float16" }),
      "generation_config.json": printed(tokens.generation),
      "tokenizer_config.json": printed(tokens.config),
      "tokenizer.json": printed(tokens.tokenizer),
    },
    bytes: tensors.reduce((sum, { shape }) => sum + bytesPerHalf * sizeOf(shape), header.length),
    pieces,
    warnings: tokens.warnings,
  };
}
