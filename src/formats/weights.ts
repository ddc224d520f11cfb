import { nearNames } from "../options/near-names.ts";
import { FormatError, listed, shortened } from "./format-error.ts";
import { kindOf, parseStrictJson } from "./json/strict-json.ts";
import { type FileRange, type Heads, readInOrder } from "./read-ahead.ts";
import { readTextIfPresent } from "./read-text.ts";
import { bitsOf, readHeader, type StoredTensor, storageOf } from "./safetensors/safetensors.ts";
import { type FileHead, type FileSource, headBytes, readHead } from "./source.ts";

/** The largest number of shards accepted; the largest open models have about 200. */
const MOST_SHARDS = 1024;

/** A shard lies next to its index: its name may not be a path, a URL or anything else that leads elsewhere. */
function isPlainShardName(shard: string): boolean {
  return shard.length <= 255 && /^[\p{L}\p{N}_.+ -]+\.safetensors$/u.test(shard) && !shard.startsWith(".");
}

/**
 * Reads `model.safetensors.index.json`: which tensors each shard should hold.
 *
 * @returns the names by shard, both in the order of the index; undefined if there is no index.
 * @throws FormatError for an index without a `weight_map` of plain file names, or with more than 1024 shards.
 */
async function readShardIndex(source: FileSource, file: string): Promise<Map<string, Set<string>> | undefined> {
  const text = await readTextIfPresent(source, file);
  if (text === undefined) return undefined;
  const index = parseStrictJson(file, text);
  if (!(index instanceof Map)) throw new FormatError(file, `is ${kindOf(index)}, expected an object`);
  const weightMap = index.get("weight_map");
  if (!(weightMap instanceof Map) || weightMap.size === 0) {
    const found = weightMap instanceof Map ? "empty" : kindOf(weightMap);
    throw new FormatError(file, `is ${found}, expected an object of tensor: file`, { field: "weight_map" });
  }
  const shards = new Map<string, Set<string>>();
  for (const [name, shard] of weightMap) {
    const field = `weight_map["${name}"]`;
    if (typeof shard !== "string") {
      throw new FormatError(file, `is ${kindOf(shard)}, expected a file name`, { field });
    }
    if (!isPlainShardName(shard)) {
      const found = shortened(JSON.stringify(shard));
      throw new FormatError(file, `is ${found}, expected the plain name of a .safetensors file`, { field });
    }
    const names = shards.get(shard);
    if (names) names.add(name);
    else shards.set(shard, new Set([name]));
  }
  if (shards.size > MOST_SHARDS) {
    const problem = `names ${shards.size} shards, expected at most ${MOST_SHARDS}`;
    throw new FormatError(file, problem, { field: "weight_map" });
  }
  return shards;
}

/**
 * Compares a shard's tensors with those that the index lists.
 *
 * @throws FormatError naming the shard and the tensors that are missing or extra.
 */
function checkShardNames(
  index: string,
  shard: string,
  promised: ReadonlySet<string>,
  held: ReadonlyMap<string, unknown>,
): void {
  const missing = [...promised].filter((name) => !held.has(name));
  const extra = [...held.keys()].filter((name) => !promised.has(name));
  const problems: string[] = [];
  if (missing.length > 0) problems.push(`lacks ${listed(missing)}`);
  if (extra.length > 0) problems.push(`also holds ${listed(extra)}`);
  if (problems.length > 0) throw new FormatError(shard, `${problems.join(" and ")}, compared with ${index}`);
}

const INDEX = "model.safetensors.index.json";
const SINGLE = "model.safetensors";
/** Pieces of 16-bit types are multiples of this too, since WebGPU copies in multiples of 4 bytes. */
const COPY_BYTES = 4;
/** Maximum bytes kept of the first bytes of all shards. */
const HEADS_BYTES = 4 << 20;

/** A contiguous piece of a tensor's bytes. */
export interface WeightPiece {
  /** Byte offset within the tensor. */
  readonly begin: number;
  /** Whole elements; `byteOffset` is a multiple of 8, so that any typed array can view them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The bytes `[begin, end)` of a tensor. */
export interface TensorBytes {
  readonly tensor: StoredTensor;
  readonly begin: number;
  readonly end: number;
}

/** A checkpoint's tensors: extents are known and checked, bytes are read when streamed. */
export interface Weights {
  /** The file that lists the tensors: the index of shards, or the only file. */
  readonly file: string;
  /** By name; in the order of the data within each file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Bytes of all tensors together. */
  readonly bytes: number;
  has(name: string): boolean;
  /**
   * The tensor of that name, of floats or of packed blocks.
   *
   * @throws FormatError if it is missing (similar names are listed), if its shape is not `shape`, or if it is neither
   * F32, F16, BF16 nor blocks of a storage format.
   */
  get(name: string, shape?: readonly number[]): StoredTensor;
  /**
   * A tensor's bytes in order, in pieces of at most `maxBytes`, each read on demand. All but the last are multiples of
   * 4 bytes. An empty tensor has no pieces.
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
  /**
   * All of these bytes, in the order given, each with a `byteOffset` that is a multiple of 8. Adjacent ranges are read
   * together, some of them ahead: see {@link readInOrder}.
   *
   * @throws RangeError if they are not within their tensors.
   * @throws FormatError if a file cannot be read.
   */
  readInOrder(reads: readonly TensorBytes[]): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/** Pieces of this type end at multiples of this many bytes: whole elements and whole words. */
function pieceUnit(dtype: string): number {
  const bits = bitsOf(dtype) ?? 8;
  return bits === 6 ? 3 * COPY_BYTES : Math.max(COPY_BYTES, bits / 8);
}

/** The tensors of all files, and the first bytes of each file. */
interface Opened {
  readonly tensors: Map<string, StoredTensor>;
  readonly heads: Heads;
}

async function openSingle(source: FileSource, head: FileHead): Promise<Opened> {
  return { tensors: await readHeader(source, SINGLE, head), heads: new Map([[SINGLE, head.bytes]]) };
}

async function openShards(source: FileSource, index: ReadonlyMap<string, ReadonlySet<string>>): Promise<Opened> {
  const promised = [...index];
  const count = Math.min(headBytes, Math.floor(HEADS_BYTES / promised.length));
  const heads = await Promise.all(promised.map(([shard]) => readHead(source, shard, count)));
  const missing = promised.filter((_, i) => !heads[i]).map(([shard]) => shard);
  if (missing.length > 0) {
    const count = `${missing.length} of ${promised.length} shards`;
    throw new FormatError(INDEX, `names ${count} that ${source.name} lacks: ${listed(missing)}`, {
      field: "weight_map",
    });
  }
  const found = promised.flatMap(([shard, names], i) => {
    const head = heads[i];
    return head ? [{ shard, names, head }] : [];
  });
  const headers = await Promise.all(found.map(({ shard, head }) => readHeader(source, shard, head)));
  for (const [i, { shard, names }] of found.entries()) checkShardNames(INDEX, shard, names, headers[i] ?? new Map());
  return {
    tensors: new Map(headers.flatMap((held) => [...held])),
    heads: new Map(found.map(({ shard, head }) => [shard, head.bytes])),
  };
}

/** Position of a tensor's bytes in its file. */
function rangeOf({ tensor, begin, end }: TensorBytes): FileRange {
  const size = tensor.end - tensor.begin;
  if (!(begin >= 0 && begin <= end && end <= size)) {
    throw new RangeError(`${tensor.name}: bytes ${begin} to ${end} were asked for, but it has ${size}`);
  }
  return { file: tensor.file, begin: tensor.begin + begin, end: tensor.begin + end };
}

async function readTensor(source: FileSource, tensor: StoredTensor, begin: number, end: number) {
  const range = rangeOf({ tensor, begin, end });
  const bytes = await source.read(range.file, range.begin, range.end);
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
  // Both at once, since most models have one or the other.
  const single = readHead(source, SINGLE, headBytes);
  single.catch(() => undefined); // thrown below, where it matters
  const index = await readShardIndex(source, INDEX);
  const head = index ? undefined : await single;
  if (!index && !head) {
    throw new FormatError(source.name, `holds no weights: looked for ${INDEX} and ${SINGLE}`);
  }
  const { tensors, heads } = index
    ? await openShards(source, index)
    : await openSingle(source, head ?? { bytes: new Uint8Array() });
  return weightsOf(source, index ? INDEX : SINGLE, tensors, heads);
}

/** The part of `Weights` that finds tensors by name. */
function byName(file: string, tensors: ReadonlyMap<string, StoredTensor>) {
  function get(name: string, shape?: readonly number[]): StoredTensor {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      const near = nearNames(name, tensors.keys());
      const hint = near.length > 0 ? `near names: ${listed(near)}` : `it holds ${listed([...tensors.keys()])}`;
      throw new FormatError(file, `is not among the ${tensors.size} tensors; ${hint}`, { field: name });
    }
    if (shape && (shape.length !== tensor.shape.length || shape.some((extent, i) => extent !== tensor.shape[i]))) {
      const found = shortened(tensor.shape.join(", "));
      throw new FormatError(tensor.file, `is [${found}], expected [${shape.join(", ")}]`, { field: name });
    }
    storageOf(tensor);
    return tensor;
  }

  return { file, tensors, has: (name: string) => tensors.has(name), get };
}

/** The same files with other tensors. */
export const withTensors = (weights: Weights, tensors: ReadonlyMap<string, StoredTensor>): Weights => ({
  ...weights,
  ...byName(weights.file, tensors),
});

/**
 * Tensors of files whose headers are read and checked.
 *
 * @param file lists the tensors: for messages.
 * @param heads first bytes of files that are already read.
 */
export function weightsOf(
  source: FileSource,
  file: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  heads: Heads = new Map(),
): Weights {
  let bytes = 0;
  for (const { begin, end } of tensors.values()) bytes += end - begin;

  return {
    ...byName(file, tensors),
    bytes,
    stream: (tensor, maxBytes) => streamTensor(source, tensor, maxBytes),
    read: (tensor, begin, end) => readTensor(source, tensor, begin, end),
    readInOrder: (reads) => readInOrder(source, reads.map(rangeOf), heads),
  };
}
