/** Element types of tensors. bf16 and f16 may be held packed, two to a u32, where the adapter has no type for them. */
export type DType = "f32" | "f16" | "bf16" | "i32" | "u32";

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<DType, number>> = { f32: 4, f16: 2, bf16: 2, i32: 4, u32: 4 };

/** The array a tensor of this type is uploaded from: f16 and bf16 travel as their bits. */
export type Elements = Float32Array | Uint16Array | Int32Array | Uint32Array;

/** The kind of array that holds elements of each type: f16 and bf16 are held as their 16 bits. */
export const arrayOf = { f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i32: Int32Array, u32: Uint32Array };

/** The typed array that holds elements of `dtype`, over `buffer`. */
export function elementsOf(dtype: DType, buffer: ArrayBuffer, byteOffset = 0, length?: number): Elements {
  return new arrayOf[dtype](buffer, byteOffset, length);
}

const f32 = new Float32Array(1);
const bits = new Uint32Array(f32.buffer);

/** The number that 16 bits of IEEE binary16 stand for (subnormals, infinities and NaN included). */
export function decodeF16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** The 16 bits of IEEE binary16 nearest to `value`, ties to even (IEEE 754 section 4.3.1). */
export function encodeF16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(magnitude === 0 ? -14 : Math.floor(Math.log2(magnitude)), -14);
  const scaled = magnitude / 2 ** (exponent - 10); // an integer plus the part to round
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  // A mantissa that rounds up to 2048 carries into the exponent by itself.
  return sign | (rounded < 1024 ? rounded : ((exponent + 15) << 10) + (rounded - 1024));
}

/** The number that 16 bits of bfloat16 stand for: the upper half of a binary32. */
export function decodeBf16(half: number): number {
  bits[0] = half << 16;
  return f32[0] ?? 0;
}

/** The 16 bits of bfloat16 nearest to `value`, ties to even. */
export function encodeBf16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  f32[0] = value;
  const single = f32[0] ?? 0;
  let word = bits[0] ?? 0;
  // A number that binary32 rounds to half way between two bfloat16 lies on one side of it: put it back there.
  if ((word & 0xffff) === 0x8000) word += Math.sign(Math.abs(value) - Math.abs(single));
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

/** Stored elements as numbers: exact, whatever the type. */
export function decode(dtype: DType, elements: Elements): Float64Array {
  const out = new Float64Array(elements.length);
  const one = dtype === "f16" ? decodeF16 : dtype === "bf16" ? decodeBf16 : undefined;
  for (let i = 0; i < elements.length; i++) out[i] = one ? one(elements[i] ?? 0) : (elements[i] ?? 0);
  return out;
}

/** Numbers as stored elements, rounded to nearest even for f16 and bf16. */
export function encode(dtype: DType, values: ArrayLike<number>): Elements {
  switch (dtype) {
    case "f32":
      return Float32Array.from(values);
    case "i32":
      return Int32Array.from(values);
    case "u32":
      return Uint32Array.from(values);
    case "f16":
      return Uint16Array.from(values, encodeF16);
    case "bf16":
      return Uint16Array.from(values, encodeBf16);
  }
}
