import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { tensor } from "../../../src/tensor/tensor.ts";
import type { TrainableModel } from "../../../src/train/open/open-trainable.ts";
import { constant } from "../../../src/train/schedules.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { gradientsOf } from "../numbers/gradients-of.ts";
import { readF32 } from "./safetensors.ts";

/** What PyTorch found in float64 of a batch, and of steps of AdamW from the same weights. */
export type GoldenSmall<B> = B & {
  readonly loss: number;
  /** Of attention, for each row and step the shares of source tokens. */
  readonly alignment?: readonly (readonly (readonly number[])[])[];
  readonly steps: readonly (B & { readonly loss: number; readonly norm: number })[];
};

/** The folder of a model of `test/golden/gradients_recurrent.py`. */
export const smallFolder = (name: string): string => `test/golden/gradients-${name}`;

/** A batch and steps with what PyTorch found, from the same folder. */
export const goldenSmall = <B>(name: string): GoldenSmall<B> =>
  JSON.parse(readFileSync(`${smallFolder(name)}/golden.json`, "utf8"));

/** What is in a record of a golden, without what PyTorch found. */
export function batchOf<B>(record: object): B {
  const found = ["loss", "norm", "steps", "alignment"];
  return Object.fromEntries(Object.entries(record).filter(([name]) => !found.includes(name))) as B;
}

/** A model's inputs of a batch on the device. */
export function tensorsOf<B>({ objective: { gpu, inputs, constants } }: TrainableModel<B>, batch: B) {
  const given = inputs(batch);
  const made = Object.entries(given).map(
    ([name, { shape, dtype, values }]) => [name, tensor(gpu, shape, values, dtype)] as const,
  );
  return { ...constants?.(given), ...Object.fromEntries(made) };
}

/** Fails unless the loss of a batch and the gradient of each tensor are PyTorch's, the latter within 1e-5 by norm. */
export async function expectGoldenGradients<B>(name: string, model: TrainableModel<B>): Promise<void> {
  const golden = goldenSmall<B>(name);
  const { gpu, loss, check } = model.objective;
  const batch = batchOf<B>(golden);
  check("batch", batch);
  const tensors = tensorsOf(model, batch);
  const named = Object.fromEntries(model.parameters.map((one) => [one.name, one.tensor]));
  const { value, gradients } = await gradientsOf(gpu, named, () => loss(tensors, {}).total);
  expect(Math.abs((value[0] ?? Number.NaN) - golden.loss)).toBeLessThan(1e-5);
  const expected = readF32(readFileSync(`${smallFolder(name)}/gradients.safetensors`));
  expect(Object.keys(expected).sort()).toEqual(Object.keys(named).sort());
  const errors = Object.entries(expected).map(([tensor, wanted]) => {
    const found = gradients[tensor] ?? [];
    const square = wanted.reduce((sum, value, i) => sum + (value - (found[i] ?? Number.NaN)) ** 2, 0);
    return [tensor, Math.sqrt(square / wanted.reduce((sum, value) => sum + value ** 2, 0))] as const;
  });
  console.log(`${name}: largest relative error ${Math.max(...errors.map(([, one]) => one)).toExponential(1)}`);
  expect(errors.filter(([, one]) => !(one <= 1e-5))).toEqual([]);
}

/** Fails unless 20 steps of AdamW have PyTorch's losses within 1e-4, and its norms; gives what the steps gave. */
export async function expectGoldenSteps<B>(name: string, model: TrainableModel<B>): Promise<object[]> {
  const golden = goldenSmall<B>(name);
  const trainer = new Trainer(model.objective, model.parameters, {
    optimizer: { name: "adamw", betas: [0.9, 0.95], weightDecay: 0.1 },
    clip: 1,
    schedule: constant.of({ learningRate: 1e-2, steps: 20 }),
  });
  const steps = [];
  let [worst, worstNorm] = [0, 0];
  for (const wanted of golden.steps) {
    const step = await trainer.step(batchOf<B>(wanted));
    worst = Math.max(worst, Math.abs(step.loss - wanted.loss));
    worstNorm = Math.max(worstNorm, Math.abs(step.gradientNorm / wanted.norm - 1));
    steps.push(step);
  }
  trainer.dispose();
  console.log(`${name}: loss within ${worst.toExponential(1)}, norm within ${worstNorm.toExponential(1)}`);
  expect(worst).toBeLessThan(1e-4);
  expect(worstNorm).toBeLessThan(1e-3);
  return steps;
}

/** The names of the files that a model writes, and its weights by their names. */
export async function written(model: Pick<TrainableModel<never>, "writing">) {
  const { files, bytes, pieces } = await model.writing();
  const all: Uint8Array[] = [];
  for await (const piece of pieces()) all.push(piece.slice());
  const file = Uint8Array.from(Buffer.concat(all));
  expect(file.length).toBe(bytes);
  return { files, file, weights: readF32(file) };
}
