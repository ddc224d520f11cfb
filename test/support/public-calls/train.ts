// Calls of `shaderformer/train`.
import type { Gpu } from "../../../src/index.ts";
import * as train from "../../../src/train/index.ts";
import { made, type PublicCalls } from "./calls.ts";

/** Calls of the functions of training, by name. */
export function trainCalls(gpu: Gpu): Readonly<Record<string, PublicCalls>> {
  const { zeros, call } = made(gpu);
  const targets = zeros([2], "u32");
  const loss = { ignored: -100, smoothing: 0.1, softcap: 2, zLoss: 0.1, vocabulary: 3 };
  const [v1, v2, logits] = [zeros([1]), zeros([2]), zeros([2, 4])];
  const rule = { of: () => {}, record: () => ({}) };
  return {
    "train/gradients": {
      // Outside of a recording even a right call is refused.
      ...call(train.gradients, [zeros([]), { weight: zeros([2, 2]) }, { upstream: zeros([]), rules: [rule] }]),
      runs: true,
    },
    "train/crossEntropy": call(train.crossEntropy, [
      { logits, targets },
      { ...loss, variant: "naive", into: { losses: v2, lse: zeros([2]), loss: v1, count: zeros([1]) } },
    ]),
    "train/crossEntropyRows": call(train.crossEntropyRows, [
      { logits, targets },
      { ...loss, variant: "naive", into: { losses: v2, lse: zeros([2]) } },
    ]),
    "train/countTargets": call(train.countTargets, [{ targets }, { ignored: -100, into: { count: v1 } }]),
    "train/meanLoss": call(train.meanLoss, [{ losses: v2, count: v1 }, { into: { loss: zeros([1]) } }]),
    "train/crossEntropyBackward": call(train.crossEntropyBackward, [
      { logits, targets, lse: v2, count: v1, dloss: zeros([1]) },
      { ...loss, variant: "naive", inPlace: false, into: { dlogits: zeros([2, 4]) } },
    ]),
  };
}
