import { type Tensor, tensor } from "../tensor/tensor.ts";

/** Position and number of tokens of a batch row in the step. */
export type StepRow = readonly [position: number, tokens: number];

/** The step tensor with the positions and tokens of these batch rows; further rows have no tokens. */
export function stepOf(gpu: Tensor["gpu"], rows: readonly StepRow[]): Tensor {
  const values = new Uint32Array(64 * 4).fill(0xdeadbeef);
  rows.forEach(([position, tokens], row) => {
    values.set([position, tokens], row * 4);
  });
  return tensor(gpu, [64, 4], values, "u32");
}
