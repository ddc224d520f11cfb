import { bytesPerElement, decode, elementsOf, type PlainType } from "../tensor/dtype.ts";
import type { Planes } from "../tensor/formats/format.ts";
import { type DType, formats, plainElement } from "../tensor/formats/formats.ts";
import { FormatError } from "./format-error.ts";

const BLOCK = 4096;

/** Bits of a float: those of its exponent, and the lowest of them. */
function exponentBits(fraction: number, bytes: number): { readonly all: number; readonly lowest: number } {
  const lowest = 2 ** fraction;
  return { all: 2 ** (8 * bytes - 1) - lowest, lowest };
}

/**
 * Index of the first element that is NaN or infinite, or −1; integers never are. `bytes` are little-endian, 4-byte
 * aligned.
 *
 * A float is NaN or infinite exactly if all its exponent bits are set. Then, and only then, adding the lowest exponent
 * bit to the exponent carries into the sign bit, which was masked off; halves cannot carry into each other.
 */
export function firstNotFinite(dtype: PlainType, bytes: Uint8Array): number {
  const element = plainElement(dtype);
  if (element.kind === "integer") return -1;
  const [{ fraction }, width] = [element, bytesPerElement[dtype]];
  const one = exponentBits(fraction, width);
  const every = width === 2 ? 0x10001 : 1; // element of a word
  const exponents = one.all * every;
  const lowest = one.lowest * every;
  const signs = (2 ** (8 * width - 1) * every) | 0;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  let begin = 0;
  for (; begin < words.length; begin += BLOCK) {
    const end = Math.min(begin + BLOCK, words.length);
    let seen = 0;
    for (let i = begin; i < end; i++) seen |= ((words[i] ?? 0) & exponents) + lowest;
    if ((seen & signs) !== 0) break;
  }
  // The rest: the block that contains such an element and all after it, or the last half where their number is odd.
  const elements = width === 4 ? words : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
  const from = Math.min(begin, words.length) * (4 / width);
  for (let i = from; i < elements.length; i++) if (((elements[i] ?? 0) & one.all) === one.all) return i;
  return -1;
}

/**
 * Checks that a piece of a weight tensor holds neither NaN nor infinity; integer types are not checked.
 *
 * @param name the tensor. @param file where it is stored.
 * @param bytes little-endian elements, as `Weights.stream` gives them.
 * @param elementOffset index within the tensor of the piece's first element.
 * @throws FormatError naming file, tensor, flat index and value.
 */
export function assertFinite(
  name: string,
  file: string,
  dtype: PlainType,
  bytes: Uint8Array,
  elementOffset: number,
): void {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const width = bytesPerElement[dtype];
  const index = firstNotFinite(dtype, aligned);
  if (index < 0) return;
  const [value] = decode(dtype, elementsOf(dtype, aligned.slice(index * width, (index + 1) * width).buffer));
  throw new FormatError(file, `is ${value} at element ${elementOffset + index}, expected finite numbers`, {
    field: name,
  });
}

/**
 * As `assertFinite`, of whole blocks of a packed format.
 *
 * @throws FormatError naming file, tensor, flat index and value.
 */
export function assertFiniteBlocks(name: string, file: string, dtype: DType, planes: Planes, elementOffset: number) {
  const found = formats[dtype].firstNotFinite?.(planes);
  if (!found) return;
  throw new FormatError(file, `is ${found.value} at element ${elementOffset + found.index}, expected finite numbers`, {
    field: name,
  });
}
