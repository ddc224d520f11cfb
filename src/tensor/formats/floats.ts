import { decodeEach, type Planes, type StorageFormat } from "./format.ts";

const f32 = new Float32Array(1);
const bits = new Uint32Array(f32.buffer);

/** Numbers as 16 bits each; `Uint16Array.from` with a function takes three times as long. */
function encodeEach(values: ArrayLike<number>, encode: (value: number) => number): Uint16Array<ArrayBuffer> {
  const data = new Uint16Array(values.length);
  for (let i = 0; i < data.length; i++) data[i] = encode(values[i] ?? Number.NaN);
  return data;
}

/** The number of 16 bits of bfloat16, the upper half of a binary32. */
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
  // A number that binary32 rounds to half way between two bfloat16 is really on one side of it: move it back there.
  if ((word & 0xffff) === 0x8000) word += Math.sign(Math.abs(value) - Math.abs(single));
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

/** bfloat16, the upper half of an f32, stored as its bits. */
export const bf16 = {
  name: "bf16",
  planes: { data: { elements: 1, bytes: 2, array: Uint16Array } },
  element: { kind: "float", fraction: 7, bias: 127 },
  encode: (values: ArrayLike<number>) => ({ data: encodeEach(values, encodeBf16) }),
  decode: ({ data }: Planes) => decodeEach(data, decodeBf16),
} as const satisfies StorageFormat;

/** The number of 16 bits of IEEE binary16 (subnormals, infinities and NaN included). */
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

let table: Float32Array | undefined;

/** The numbers of all bit patterns, made when the first array is decoded. */
function numbers(): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => decodeF16(half));
  return table;
}

/** IEEE binary16, stored as its bits. */
export const f16 = {
  name: "f16",
  planes: { data: { elements: 1, bytes: 2, array: Uint16Array } },
  element: { kind: "float", fraction: 10, bias: 15 },
  encode: (values: ArrayLike<number>) => ({ data: encodeEach(values, encodeF16) }),
  decode({ data }: Planes) {
    const known = numbers();
    const out = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) out[i] = known[data[i] ?? 0] ?? 0;
    return out;
  },
} as const satisfies StorageFormat;
