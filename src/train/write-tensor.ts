import type { Tensor } from "../tensor/tensor.ts";

/** Writes numbers of four bytes into a tensor that is contiguous, whatever its memory. */
export async function writeTensor(
  { gpu, segments, offset, shape, size }: Tensor,
  numbers: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
): Promise<void> {
  const row = size / Math.max(1, shape[0] ?? 1);
  const bytes = (begin: number, end: number) =>
    new Uint8Array(numbers.buffer, numbers.byteOffset + 4 * begin, 4 * (end - begin));
  for (const { storage, begin, end } of segments) {
    const part = segments.length === 1 ? bytes(0, size) : bytes(begin * row, end * row);
    await gpu.write(storage, 4 * offset, part);
  }
}
