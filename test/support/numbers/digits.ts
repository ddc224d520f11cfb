import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";

/**
 * A source of tensors of small integers: sums and products of them are exact in f32, so that equality can be tested.
 */
export function digitSource(on: Gpu): (shape: Shape, gpu?: Gpu) => { readonly x: Tensor; readonly values: number[] } {
  let seed = 1;
  const digit = () => {
    seed = (seed * 48271) % 0x7fffffff;
    return (seed % 7) - 3;
  };
  return (shape, gpu = on) => {
    const values = Array.from({ length: shape.reduce((n, size) => n * size, 1) }, digit);
    return { x: tensor(gpu, shape, values), values };
  };
}
