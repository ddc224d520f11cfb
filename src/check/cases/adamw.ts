import { adamW } from "../../kernels/optimizer/adamw.ts";
import { adamW as reference } from "../../reference/optimizers.ts";
import type { Case, CaseTable } from "../case-table.ts";
import { normal } from "../random.ts";

type Inputs = "parameter" | "gradient" | "first" | "second" | "scalars" | "clip?";
type Outputs = "parameter" | "first" | "second";

interface Options {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly decay: number;
}

/** A step of this number, from means that look like those of earlier ones; `clip` has the norm and the factor. */
function step(
  name: string,
  shape: readonly number[],
  {
    t = 7,
    rate = 1e-3,
    decay = 0.1,
    clip,
  }: { t?: number; rate?: number; decay?: number; clip?: readonly number[] } = {},
): Case<Inputs, Options> {
  const count = shape.reduce((product, size) => product * size, 1);
  const random = (seed: number) => normal(count, seed);
  const betas = [0.9, 0.95] as const;
  const begun = t > 1 ? 1 : 0; // the means are zeros before the first step
  return {
    name,
    inputs: {
      parameter: { shape, values: random(1) },
      gradient: { shape, values: random(2) },
      first: { shape, values: random(3).map((value) => 0.1 * value * begun) },
      second: { shape, values: random(4).map((value) => 0.1 * value * value * begun) },
      scalars: { shape: [3], values: [rate, 1 / (1 - betas[0] ** t), 1 / (1 - betas[1] ** t)] },
      ...(clip ? { clip: { shape: [2], values: clip } } : {}),
    },
    options: { betas, eps: 1e-8, decay },
  };
}

/** Steps of AdamW. */
export const adamWCases: CaseTable<Inputs, Outputs, Options, "adamw"> = {
  op: "adamW",
  variants: ["adamw"],
  canaries: false,
  reference: (tensors, { betas: [beta1, beta2], ...options }) => reference(tensors, { beta1, beta2, ...options }),
  run: (gpu, tensors, { into: _, ...options }) => {
    adamW(gpu, tensors, options);
    const { parameter, first, second } = tensors;
    return { parameter, first, second };
  },
  cases: [
    step("one number", [1]),
    step("the first step", [5, 7], { t: 1 }),
    step("vectors of four", [8, 12]),
    step("no decay", [13], { decay: 0 }),
    step("clipped", [6, 6], { clip: [8, 0.125] }),
    step("not clipped, since the norm is small", [6, 6], { clip: [0.5, 1] }),
    step("a norm of infinity: nothing changes", [6, 6], { clip: [Number.POSITIVE_INFINITY, 0] }),
    step("70,000 numbers", [70_000], { t: 1000, rate: 0.02 }),
  ],
};
