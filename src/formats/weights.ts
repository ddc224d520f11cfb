import { FormatError, listed, shortened } from "./format-error.ts";
import { nearNames } from "./near-names.ts";
import { bitsOf, dtypeOf, readSafetensorsHeader, type StoredTensor } from "./safetensors.ts";
import { checkShardNames, readShardIndex } from "./shard-index.ts";
import type { FileSource } from "./source.ts";

const INDEX = "model.safetensors.index.json";
const SINGLE = "model.safetensors";
/** Pieces of 16-bit types are multiples of this too, since WebGPU copies multiples of 4 bytes. */
const COPY_BYTES = 4;
/** How many files of a sharded model are requested at a time. */
const AT_ONCE = 8;

/** A contiguous piece of a tensor's bytes. */
export interface WeightPiece {
  /** Byte offset within the tensor. */
  readonly begin: number;
  /** Whole elements; `byteOffset` is a multiple of 8, so that any typed array can view them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A checkpoint's tensors: their extents are known and checked, their bytes are read when streamed. */
export interface Weights {
  /** By name; in the order of the data within each file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Bytes of all tensors together. */
  readonly bytes: number;
  has(name: string): boolean;
  /**
   * The floating-point tensor of that name.
   *
   * @throws FormatError if it is missing (near names are listed), if its shape is not `shape`, or if it is not F32, F16
   * or BF16.
   */
  get(name: string, shape?: readonly number[]): StoredTensor;
  /**
   * A tensor's bytes in order, in pieces of at most `maxBytes`, each read when asked for. All but the last are
   * multiples of 4 bytes. An empty tensor has no pieces.
   *
   * @throws RangeError if `maxBytes` is smaller than 4 or than an element.
   * @throws FormatError if the file cannot be read.
   */
  stream(tensor: StoredTensor, maxBytes: number): AsyncIterable<WeightPiece>;
  /**
   * The bytes `[begin, end)` of a tensor; `byteOffset` is a multiple of 8.
   *
   * @throws RangeError if they are not within the tensor.
   * @throws FormatError if the file cannot be read.
   */
  read(tensor: StoredTensor, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Pieces of this type are cut at multiples of this many bytes: whole elements and whole words. */
function pieceUnit(dtype: string): number {
  const bits = bitsOf(dtype) ?? 8;
  return bits === 6 ? 3 * COPY_BYTES : Math.max(COPY_BYTES, bits / 8);
}

/** `Promise.all` over `items`, a few at a time. */
async function mapFew<T, U>(items: readonly T[], map: (item: T) => Promise<U>): Promise<U[]> {
  const out: U[] = [];
  for (let begin = 0; begin < items.length; begin += AT_ONCE) {
    out.push(...(await Promise.all(items.slice(begin, begin + AT_ONCE).map(map))));
  }
  return out;
}

async function readSharded(source: FileSource): Promise<Map<string, StoredTensor>> {
  const promised = [...(await readShardIndex(source, INDEX))];
  const found = await mapFew(promised, ([shard]) => source.has(shard));
  const missing = promised.filter((_, i) => !found[i]).map(([shard]) => shard);
  if (missing.length > 0) {
    const count = `${missing.length} of ${promised.length} shards`;
    throw new FormatError(INDEX, `names ${count} that ${source.name} lacks: ${listed(missing)}`, {
      field: "weight_map",
    });
  }
  const headers = await mapFew(promised, ([shard]) => readSafetensorsHeader(source, shard));
  promised.forEach(([shard, names], i) => {
    checkShardNames(INDEX, shard, names, headers[i] ?? new Map());
  });
  return new Map(headers.flatMap((held) => [...held]));
}

async function readTensor(source: FileSource, tensor: StoredTensor, begin: number, end: number) {
  const size = tensor.end - tensor.begin;
  if (!(begin >= 0 && begin <= end && end <= size)) {
    throw new RangeError(`${tensor.name}: bytes ${begin} to ${end} were asked for, but it has ${size}`);
  }
  const bytes = await source.read(tensor.file, tensor.begin + begin, tensor.begin + end);
  return bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
}

async function* streamTensor(source: FileSource, tensor: StoredTensor, maxBytes: number): AsyncGenerator<WeightPiece> {
  const unit = pieceUnit(tensor.dtype);
  const step = Math.floor(maxBytes / unit) * unit;
  if (!(step > 0)) throw new RangeError(`maxBytes is ${maxBytes}, expected at least ${unit} for ${tensor.dtype}`);
  const size = tensor.end - tensor.begin;
  for (let begin = 0; begin < size; begin += step) {
    yield { begin, bytes: await readTensor(source, tensor, begin, Math.min(begin + step, size)) };
  }
}

/**
 * Opens the weights of a Hugging Face model: `model.safetensors.index.json` with its shards if there is one, else
 * `model.safetensors`. Only the headers are read and checked.
 *
 * @throws FormatError if neither file exists, if a shard is missing or holds other tensors than the index lists, or for
 * any header that breaks the format.
 */
export async function openWeights(source: FileSource): Promise<Weights> {
  const sharded = await source.has(INDEX);
  if (!sharded && !(await source.has(SINGLE))) {
    throw new FormatError(source.name, `holds no weights: looked for ${INDEX} and ${SINGLE}`);
  }
  const from = sharded ? INDEX : SINGLE;
  const tensors = sharded ? await readSharded(source) : await readSafetensorsHeader(source, SINGLE);
  let bytes = 0;
  for (const { begin, end } of tensors.values()) bytes += end - begin;

  function get(name: string, shape?: readonly number[]): StoredTensor {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      const near = nearNames(name, tensors.keys());
      const hint = near.length > 0 ? `near names: ${listed(near)}` : `it holds ${listed([...tensors.keys()])}`;
      throw new FormatError(from, `is not among the ${tensors.size} tensors; ${hint}`, { field: name });
    }
    if (shape && (shape.length !== tensor.shape.length || shape.some((extent, i) => extent !== tensor.shape[i]))) {
      const found = shortened(tensor.shape.join(", "));
      throw new FormatError(tensor.file, `is [${found}], expected [${shape.join(", ")}]`, { field: name });
    }
    dtypeOf(tensor);
    return tensor;
  }

  return {
    tensors,
    bytes,
    has: (name) => tensors.has(name),
    get,
    stream: (tensor, maxBytes) => streamTensor(source, tensor, maxBytes),
    read: (tensor, begin, end) => readTensor(source, tensor, begin, end),
  };
}
