import { formats, isPlain, type PlainType } from "../../tensor/formats/formats.ts";
import { formatShape, ShapeError, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type CacheFormat, cacheFormats, type WordType } from "../formats/formats.ts";

/** How the tensors of a cache hold keys or values in a format. */
export interface CacheStorage {
  /** Element type of the tensor: words of u32 hold several integers. */
  readonly dtype: PlainType;
  /** Elements of a row in one element of the tensor. */
  readonly packed: number;
  /** Widths of heads are multiples of it: formats other than f32 are read four elements at once. */
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

/** How a cache stores integers: `int8` one scale a token and head, `int4` one for each 32 elements of a head. */
export interface QuantisedFormat extends CacheStorage {
  readonly name: IntegerFormat;
  readonly bits: number;
  readonly scales: (width: number) => readonly number[];
}

const quantised = cacheFormats.filter(isInteger).map((name): QuantisedFormat => {
  const { scales = () => [], ...storage } = cacheStorage[name];
  return { ...storage, name, scales, bits: 32 / storage.packed };
});

/** Elements that share a scale, in rows of `width`. */
export const blockWidth = ({ scales }: QuantisedFormat, width: number): number => width / sizeOf(scales(width));

/**
 * The format of keys or values `tensor`, u32 `[rows, g, s, words]`, that hold rows of `width` elements, with `scale`.
 * Throws `ShapeError` where the three contradict one another.
 */
export function formatOf(what: string, name: string, tensor: Tensor, scale: Tensor, width: number): QuantisedFormat {
  const is = `${what}: ${name} is ${tensor.dtype} ${formatShape(tensor.shape)}`;
  const format = quantised.find(({ packed }) => (tensor.shape[3] ?? 0) * packed === width);
  if (tensor.dtype !== "u32" || tensor.shape.length !== 4 || !format) {
    throw new ShapeError(
      `${is}, expected u32 with ` +
        `${quantised.map(({ name, packed }) => `${width / packed} words a row (${name})`).join(" or ")} with scales`,
    );
  }
  const { multiple } = format;
  if (width % multiple !== 0) {
    throw new ShapeError(`${is}: ${format.name} takes multiples of ${multiple} elements, not ${width}`);
  }
  const expected = [...tensor.shape.slice(0, 3), ...format.scales(width)];
  if (scale.dtype !== "f32" || formatShape(scale.shape) !== formatShape(expected)) {
    throw new ShapeError(
      `${what}: ${name}Scale is ${scale.dtype} ${formatShape(scale.shape)}, expected f32 ${formatShape(expected)} ` +
        `for ${name} ${formatShape(tensor.shape)} (${format.name})`,
    );
  }
  return format;
}
