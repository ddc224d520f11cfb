// Losses and gradients of encoder-decoders, against PyTorch in float64.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import type { Objective } from "../../../src/train/objectives/objective.ts";
import type { PairBatch } from "../../../src/train/objectives/pair-batch.ts";
import { putStored, storedParts } from "../../../src/train/open/trained-folder.ts";
import { byTurns } from "../../support/by-turns.ts";
import { quickGpu, testGpu } from "../../support/devices/gpu.ts";
import { goldenPairs, pairFolder, pairModels, pairsIn, trainablePairs } from "../../support/models/golden-pairs.ts";
import { readF32 } from "../../support/models/safetensors.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";

/** The relative error of a tensor's gradient by norm (training-and-encoders, section 5.5, level 5). */
const tolerance = 1e-5;

const devices = {
  "with all features": await quickGpu(),
  "with the adapter's own kernels": await testGpu(),
  "without features": await quickGpu({ features: [] }),
};

const lengthOf = (x: Float32Array) => Math.sqrt(x.reduce((sum, value) => sum + value ** 2, 0));

/** What programs of a batch read, on the device. */
function tensorsOf(gpu: Gpu, objective: Objective<PairBatch>, batch: PairBatch): Readonly<Record<string, Tensor>> {
  const inputs = objective.inputs(batch);
  const made = Object.entries(inputs).map(([name, { shape, values, dtype }]) => [
    name,
    tensor(gpu, shape, [...values], dtype),
  ]);
  return { ...objective.constants?.(inputs), ...Object.fromEntries(made) };
}

test.each(byTurns(devices, pairModels))(
  "%s, %s: the loss and every gradient are PyTorch's in float64",
  async (_, name, gpu) => {
    const golden = goldenPairs(name);
    const { objective, parameters, dispose } = await trainablePairs(gpu, name);
    const tensors = tensorsOf(gpu, objective, pairsIn(golden));
    const named = Object.fromEntries(parameters.map((one) => [one.name, one.tensor]));
    const { value, gradients } = await gradientsOf(gpu, named, () => objective.loss(tensors, {}).loss);
    expect(Math.abs((value[0] ?? Number.NaN) - golden.loss)).toBeLessThan(1e-5);
    const expected = readF32(readFileSync(`${pairFolder(name)}/gradients.safetensors`));
    const errors = Object.entries(expected).map(([stored, wanted]) => {
      const actual = new Float32Array(wanted.length);
      for (const parameter of parameters) {
        for (const part of storedParts(parameter, stored)) {
          putStored(part, gradients[parameter.name] ?? expect.fail(`${parameter.name} has no gradient`), actual);
        }
      }
      const error = lengthOf(actual.map((value, i) => value - (wanted[i] ?? Number.NaN)));
      // The bias of keys has a gradient of 0, since a softmax ignores what all scores share: it is as near to it as
      // queries' is.
      const of = lengthOf(wanted) < 1e-9 ? (expected[stored.replace("k_proj", "q_proj")] ?? wanted) : wanted;
      return [stored, error / lengthOf(of)] as const;
    });
    console.log(`${name}: largest relative error ${Math.max(...errors.map(([, one]) => one)).toExponential(1)}`);
    expect(errors.filter(([, one]) => !(one < tolerance))).toEqual([]);
    expect(Object.keys(expected).sort()).toEqual([...new Set(parameters.map(({ source }) => source.name))].sort());
    dispose();
  },
);
