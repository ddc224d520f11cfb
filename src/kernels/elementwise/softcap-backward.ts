import source from "#shaders/elementwise/softcap-backward.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, positive, required } from "../../options/checks.ts";
import { checkCall, intoOf, tensorFields } from "../arguments.ts";
import { defineKernel, type Into } from "../kernel.ts";
import { checkSameShape, type MapBackwardTensors, type MapGradient } from "./map-backward.ts";

interface SoftcapBackwardOptions {
  /** The forward's. */
  readonly cap: number;
}

const kernel = defineKernel({
  name: "elementwise/softcap-backward",
  source,
  inputs: { x: "[...n]", dy: "[...n]" },
  outputs: { dx: "[...n]" },
  params: ({ n }, { cap }: SoftcapBackwardOptions) => ({ n, cap }),
  threads: ({ n }) => n,
  cost: ({ n }) => ({ flops: 9 * n, requestedBytes: 12 * n }),
});

const fields = tensorFields("x", "dy");
const choices = fieldsOf({ cap: required(positive), into: intoOf("dx") });

/** Gradient of {@link softcap}: `dx = dy · (1 − tanh²(x / cap))`. `x` and `dy` are f32 of one shape, `dx` like them. */
export function softcapBackward(
  gpu: Gpu,
  tensors: MapBackwardTensors,
  options: SoftcapBackwardOptions & Into<MapGradient>,
): MapGradient {
  checkCall("softcap-backward", fields, tensors, choices, options);
  const { x, dy } = tensors;
  checkSameShape("softcap-backward", ["x", x], { dy });
  const { cap } = options;
  const heading = {
    op: "softcap-backward",
    variant: "softcap-backward",
    options: { cap },
    by: softcapBackward,
    tensors,
  };
  return gpu.group(heading, () => kernel(gpu, tensors, options));
}
