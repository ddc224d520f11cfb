import { decodeEach, type Planes, type StorageFormat } from "./format.ts";

const f32 = new Float32Array(1);
const bits = new Uint32Array(f32.buffer);

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
  encode: (values: ArrayLike<number>) => ({ data: Uint16Array.from(values, encodeBf16) }),
  decode: ({ data }: Planes) => decodeEach(data, decodeBf16),
} as const satisfies StorageFormat;
