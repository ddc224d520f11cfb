import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** How a cache stores integers: `int8` one scale a token and head, `int4` one for each 32 elements of a head. */
export interface QuantisedFormat {
  readonly name: "int8" | "int4";
  readonly bits: 8 | 4;
  /** Elements of a u32. */
  readonly perWord: 4 | 8;
}

/** Elements of a block of int4. */
export const int4Block = 32;

const formats = [
  { name: "int8", bits: 8, perWord: 4 },
  { name: "int4", bits: 4, perWord: 8 },
] as const satisfies readonly QuantisedFormat[];

/** Elements that share a scale, in rows of `width`. */
export const blockWidth = ({ name }: QuantisedFormat, width: number): number => (name === "int8" ? width : int4Block);

/**
 * The format of keys or values `tensor`, u32 `[rows, g, s, words]`, that hold rows of `width` elements, with `scale`. Throws
 * `ShapeError` where the three contradict one another.
 */
export function formatOf(what: string, name: string, tensor: Tensor, scale: Tensor, width: number): QuantisedFormat {
  const is = `${what}: ${name} is ${tensor.dtype} ${formatShape(tensor.shape)}`;
  const format = formats.find(({ perWord }) => (tensor.shape[3] ?? 0) * perWord === width);
  if (tensor.dtype !== "u32" || tensor.shape.length !== 4 || !format) {
    throw new ShapeError(
      `${is}, expected u32 with ${width / 4} words a row (int8) or ${width / 8} (int4) beside scales`,
    );
  }
  const block = blockWidth(format, width);
  if (width % block !== 0) throw new ShapeError(`${is}: int4 takes multiples of ${int4Block} elements, not ${width}`);
  const rows = tensor.shape.slice(0, 3);
  const expected = format.name === "int8" ? rows : [...rows, width / block];
  if (scale.dtype !== "f32" || formatShape(scale.shape) !== formatShape(expected)) {
    throw new ShapeError(
      `${what}: ${name}Scale is ${scale.dtype} ${formatShape(scale.shape)}, expected f32 ${formatShape(expected)} ` +
        `for ${name} ${formatShape(tensor.shape)} (${format.name})`,
    );
  }
  return format;
}
