import source from "#shaders/elementwise/softcap-backward.wgsl";
import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, positive, required } from "../../options/checks.ts";
import { intoOf, tensorFields } from "../arguments.ts";
import { defineKernel, type Into } from "../kernel.ts";
import { defineOp } from "../op.ts";
import { checkSameShape, type MapBackwardTensors, type MapGradient } from "./map-backward.ts";

interface SoftcapBackwardOptions {
  /** The forward's. */
  readonly cap: number;
}

type Call = SoftcapBackwardOptions & Into<MapGradient>;

/** A kernel that takes up to so many elements at a time, as far as they divide them. */
const by = (most: 4 | 1) => {
  const width = (n: number) => (n % most === 0 ? most : 1);
  const kernel = defineKernel({
    name: "elementwise/softcap-backward",
    source,
    inputs: { x: "[...n]", dy: "[...n]" },
    outputs: { dx: "[...n]" },
    params: ({ n }, { cap }: SoftcapBackwardOptions) => ({ n: n / width(n), cap }),
    specialise: ({ n }) => ({ parts: [width(n) === 4 ? vectorFour : vectorOne] }),
    threads: ({ n }) => n / width(n),
    cost: ({ n }) => ({ flops: 9 * n, requestedBytes: 12 * n }),
  });
  return (gpu: Gpu, { x, dy }: MapBackwardTensors, options: Call): MapGradient => {
    checkSameShape("softcap-backward", ["x", x], { dy });
    return kernel(gpu, { x, dy }, options);
  };
};

const variants = { vectors: { record: by(4) }, naive: { record: by(1) } } as const;

/** Gradient of {@link softcap}: `dx = dy · (1 − tanh²(x / cap))`. `x` and `dy` are f32 of one shape, `dx` like them. */
export const softcapBackward = defineOp<MapBackwardTensors, Call, MapGradient, typeof variants>(
  { name: "softcap-backward", variants, order: () => ["vectors", "naive"] },
  { tensors: tensorFields("x", "dy"), options: fieldsOf<Call>({ cap: required(positive), into: intoOf("dx") }) },
);
