// Calls of `shaderformer/train`.
import type { Gpu } from "../../../src/index.ts";
import * as train from "../../../src/train/index.ts";
import { made, type PublicCalls } from "./calls.ts";

/** Calls of the functions of training, by name. */
export function trainCalls(gpu: Gpu): Readonly<Record<string, PublicCalls>> {
  const { zeros, call } = made(gpu);
  const rule = { of: () => {}, record: () => ({}) };
  return {
    "train/gradients": {
      // Outside of a recording even a right call is refused.
      ...call(train.gradients, [zeros([]), { weight: zeros([2, 2]) }, { upstream: zeros([]), rules: [rule] }]),
      runs: true,
    },
  };
}
