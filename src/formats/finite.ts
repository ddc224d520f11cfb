import { type DType, decodeBf16, decodeF16 } from "../tensor/dtype.ts";
import { FormatError } from "./format-error.ts";

// A float is NaN or infinite exactly where all its exponent bits are set. Then, and only then, adding the lowest
// exponent bit to the exponent carries into the sign bit, which was masked off; halves cannot carry into each other.
const EXPONENTS = { f32: 0x7f800000, f16: 0x7c007c00, bf16: 0x7f807f80 } as const;
const LOWEST = { f32: 0x00800000, f16: 0x04000400, bf16: 0x00800080 } as const;
const SIGNS = { f32: 0x80000000 | 0, f16: 0x80008000 | 0, bf16: 0x80008000 | 0 } as const;
const BLOCK = 4096;

/** Index of the first element that is NaN or infinite, or −1. `bytes` are little-endian, 4-byte aligned. */
function firstNotFinite(dtype: "f32" | "f16" | "bf16", bytes: Uint8Array): number {
  const exponents = EXPONENTS[dtype];
  const lowest = LOWEST[dtype];
  const signs = SIGNS[dtype];
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  let begin = 0;
  for (; begin < words.length; begin += BLOCK) {
    const end = Math.min(begin + BLOCK, words.length);
    let seen = 0;
    for (let i = begin; i < end; i++) seen |= ((words[i] ?? 0) & exponents) + lowest;
    if ((seen & signs) !== 0) break;
  }
  // What is left: the block with the culprit and all after it, or the last half where their number is odd.
  const elements = dtype === "f32" ? words : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
  const exponent = dtype === "f32" ? exponents : exponents & 0xffff;
  const from = Math.min(begin, words.length) * (dtype === "f32" ? 1 : 2);
  for (let i = from; i < elements.length; i++) if (((elements[i] ?? 0) & exponent) === exponent) return i;
  return -1;
}

/**
 * Checks that a piece of a weight tensor holds neither NaN nor infinity; integer types pass unread.
 *
 * @param name the tensor. @param file where it is stored.
 * @param bytes little-endian elements, as `Weights.stream` gives them.
 * @param elementOffset index within the tensor of the piece's first element.
 * @throws FormatError naming file, tensor, flat index and value.
 */
export function assertFinite(name: string, file: string, dtype: DType, bytes: Uint8Array, elementOffset: number): void {
  if (dtype === "i32" || dtype === "u32") return;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const index = firstNotFinite(dtype, aligned);
  if (index < 0) return;
  const view = new DataView(aligned.buffer, aligned.byteOffset, aligned.byteLength);
  const half = dtype === "f32" ? 0 : view.getUint16(index * 2, true);
  const value =
    dtype === "f32" ? view.getFloat32(index * 4, true) : dtype === "f16" ? decodeF16(half) : decodeBf16(half);
  throw new FormatError(file, `is ${value} at element ${elementOffset + index}, expected finite numbers`, {
    field: name,
  });
}
