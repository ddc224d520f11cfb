import { formats, isPlain, type PlainType } from "../../tensor/formats.ts";
import { type CacheFormat, cacheFormats, type WordType } from "../formats.ts";

/** How the tensors of a cache hold keys or values in a format. */
export interface CacheStorage {
  /** Element type of the tensor: words of u32 hold several integers. */
  readonly dtype: PlainType;
  /** Elements of a row in one element of the tensor. */
  readonly packed: number;
  /** Widths of heads are multiples of it: what is not f32 is read four elements at once. */
  readonly multiple: number;
  /** Scales of a row of `width` elements, as the last axes of their tensor, f32; absent where there are none. */
  readonly scales?: (width: number) => readonly number[];
}

/** Cache formats of several planes: integers. */
export type IntegerFormat = Exclude<CacheFormat, WordType>;

/** True of such a format. */
export const isInteger = (name: CacheFormat): name is IntegerFormat => !isPlain(name);

function storageOf(name: CacheFormat): CacheStorage {
  if (!isInteger(name)) return { dtype: name, packed: 1, multiple: name === "f32" ? 1 : 4 };
  const { data, scales } = formats[name].planes;
  const packed = (4 / data.bytes) * Number(data.elements);
  const block = scales?.elements ?? "row";
  if (block === "row") return { dtype: "u32", packed, multiple: packed, scales: () => [] };
  return { dtype: "u32", packed, multiple: block, scales: (width) => [width / block] };
}

/** The storage of each cache format. */
export const cacheStorage = Object.fromEntries(cacheFormats.map((name) => [name, storageOf(name)])) as Readonly<
  Record<CacheFormat, CacheStorage>
>;
