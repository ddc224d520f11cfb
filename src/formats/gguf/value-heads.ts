import { decodePlanes, formats, isPlain } from "../../tensor/formats/formats.ts";
import { FormatError } from "../format-error.ts";
import { elementsIn, type Grouped } from "../grouped.ts";
import { type StoredTensor, storageOf } from "../safetensors/safetensors.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Heads of a gated DeltaNet. */
export interface ValueHeads {
  /** Heads of keys, which divide those of values. */
  readonly keys: number;
  readonly values: number;
  /** Elements of a value. */
  readonly width: number;
}

/** The same with the elements of a key. */
export interface DeltaNetHeads extends ValueHeads {
  readonly keyWidth: number;
}

/** How a tensor with another order of value heads is computed from one tensor. */
interface Reordered extends Pick<Grouped, "groups" | "make"> {
  /** The result is f32, since blocks of the stored format hold parts of several heads. */
  readonly decoded: boolean;
}

/**
 * Puts the value heads of a tensor in another order, `grouped` (those of key head 0, then those of key head 1, …) or
 * `tiled` (the first of each key head, then the second of each, …): the last rows, one for each head or as many as a
 * value has elements, or all columns. Undefined if there is nothing to do.
 */
export function reordered(
  tensor: StoredTensor,
  { keys, values, width }: ValueHeads,
  along: "rows" | "columns",
  to: "grouped" | "tiled",
): Reordered | undefined {
  if (keys === values) return undefined;
  const [rows = 0, ...rest] = tensor.shape;
  const extent = along === "rows" ? rows : (rest[0] ?? 0);
  const each = extent === values ? 1 : width;
  const first = extent - values * each;
  if (first < 0 || (along === "columns" && first > 0)) {
    throw new FormatError(tensor.file, `has ${extent} ${along} for ${values} heads of ${width}`, {
      field: tensor.name,
    });
  }
  const dtype = storageOf(tensor);
  const decoded = along === "columns" && !isPlain(dtype) && width % Number(formats[dtype].planes.data.elements) !== 0;
  const size = decoded ? 4 * elementsIn(tensor) : tensor.end - tensor.begin;
  const head = ((along === "rows" ? size : size / rows) / extent) * each;
  const skipped = (size / extent) * first;
  const ratio = values / keys;
  // The address of a head in the tensor that is read, by its number in the one that is made.
  const from = (i: number) =>
    to === "grouped" ? (i % ratio) * keys + Math.floor(i / ratio) : (i % keys) * ratio + Math.floor(i / keys);
  const make = ([stored = new Uint8Array()]: readonly Bytes[]) => {
    const bytes = decoded ? numbersOf(tensor, stored) : stored;
    const out = bytes.slice();
    for (let i = 0; i < values; i++) {
      const begin = skipped + from(i) * head;
      out.set(bytes.subarray(begin, begin + head), skipped + i * head);
    }
    return out;
  };
  return { groups: along === "rows" ? 1 : rows, make, decoded };
}

/** A row of blocks as bytes of f32. */
function numbersOf(tensor: StoredTensor, bytes: Bytes): Bytes {
  const dtype = storageOf(tensor);
  const planes = formats[dtype].ggml?.split(bytes.slice());
  if (!planes) throw new FormatError(tensor.file, `is ${tensor.dtype}, expected floats`, { field: tensor.name });
  return new Uint8Array(Float32Array.from(decodePlanes(dtype, [1, tensor.shape.at(-1) ?? 0], planes)).buffer);
}

/** Rows `[first, first + count)` of a matrix. */
function rowsOf(tensor: StoredTensor, first: number, count: number): StoredTensor {
  const [rows = 0, columns = 0] = tensor.shape;
  const row = (tensor.end - tensor.begin) / rows;
  const begin = tensor.begin + first * row;
  return { ...tensor, shape: [count, columns], begin, end: begin + count * row };
}

/**
 * The projection of a gated DeltaNet in Qwen3-Next's folders, grouped by key heads, from those of GGUF files: for each
 * key head its query, its key, its values and their gates.
 */
export function packed(
  [qkv, gates]: readonly [StoredTensor, StoredTensor],
  { keys, values, width, keyWidth }: DeltaNetHeads,
): StoredTensor[] {
  const own = (values / keys) * width;
  return Array.from({ length: keys }, (_, head) => [
    rowsOf(qkv, head * keyWidth, keyWidth),
    rowsOf(qkv, (keys + head) * keyWidth, keyWidth),
    rowsOf(qkv, 2 * keys * keyWidth + head * own, own),
    rowsOf(gates, head * own, own),
  ]).flat();
}

/** The inverse: queries, keys and values, and gates, each of all heads. */
export function unpacked(tensor: StoredTensor, { keys, values, width, keyWidth }: DeltaNetHeads): StoredTensor[][] {
  const own = (values / keys) * width;
  const group = (tensor.shape[0] ?? 0) / keys;
  const each = (first: number, count: number) =>
    Array.from({ length: keys }, (_, head) => rowsOf(tensor, head * group + first, count));
  return [
    [...each(0, keyWidth), ...each(keyWidth, keyWidth), ...each(2 * keyWidth, own)],
    each(2 * keyWidth + own, own),
  ];
}
