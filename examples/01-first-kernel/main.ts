import { defineKernel, openGpu, tensor } from "shaderformer";
import source from "./squared-relu.wgsl";

/** Squared ReLU (So et al. 2021, "Primer"): `x` of any shape, `y` like it. */
export const squaredRelu = defineKernel({
  name: "squared-relu",
  source,
  inputs: { x: "[...n]" },
  outputs: { y: "[...n]" },
  params: ({ n }) => ({ n }),
  threads: ({ n }) => n,
  cost: ({ n }) => ({ flops: 2 * n }),
});

const gpu = await openGpu();
const x = tensor(gpu, [2, 3], [-2, -1, 0, 1, 2, 3]);
const { y } = squaredRelu(gpu, { x });
console.log(gpu.adapter.label, await y.read()); // 0 0 0 1 4 9
