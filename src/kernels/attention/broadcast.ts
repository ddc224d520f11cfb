import type { Tensor } from "../../tensor/tensor.ts";

/**
 * How a tensor `[b or 1, h or 1, rows, columns]` is read for every batch row and head: elements from one to the next,
 * 0 where all share one, and the axis pattern to check it by; without names for its last axes they may have any size.
 */
export function broadcast(
  { shape }: Tensor,
  rows = String(shape[2] ?? 0),
  columns = String(shape[3] ?? 0),
): { readonly batch: number; readonly head: number; readonly pattern: string } {
  const [b = 0, h = 0, n = 0, m = 0] = shape;
  return {
    batch: b === 1 ? 0 : h * n * m,
    head: h === 1 ? 0 : n * m,
    pattern: `[${b === 1 ? "1" : "b"}, ${h === 1 ? "1" : "h"}, ${rows}, ${columns}]`,
  };
}
