import { formatShape, ShapeError, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { cacheFormats } from "../formats.ts";
import { type CacheStorage, cacheStorage, type IntegerFormat, isInteger } from "./storage.ts";

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
 * The format of keys or values `tensor`, u32 `[rows, g, s, words]`, that hold rows of `width` elements, with `scale`. Throws
 * `ShapeError` where the three contradict one another.
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
