import type { Planes, StorageFormat } from "./format.ts";

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
  encode: (values: ArrayLike<number>) => ({ data: Uint16Array.from(values, encodeF16) }),
  decode({ data }: Planes) {
    const known = numbers();
    const out = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) out[i] = known[data[i] ?? 0] ?? 0;
    return out;
  },
} as const satisfies StorageFormat;
