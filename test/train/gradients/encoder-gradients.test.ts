// Encoders' losses, gradients and steps against PyTorch's in float64.
import { describe, expect, test } from "vitest";
import { putStored, storedParts } from "../../../src/train/open/trained-folder.ts";
import { constant } from "../../../src/train/schedules.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { encoderNames } from "../../encoders/encode/golden-encoders.ts";
import { quickGpu, testGpu } from "../../support/devices/gpu.ts";
import { firstIf } from "../../support/first-tier.ts";
import { readF32 } from "../../support/models/safetensors.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";
import { goldenEncoder, uploaded } from "../open/golden-encoder.ts";

// One family runs the adapter's own kernels.
const [quick, own] = [await quickGpu(), await testGpu()];

/** The relative error of a tensor's gradient by norm. */
const tolerance = 1e-5;

const normOf = (values: Iterable<number>) => Math.sqrt([...values].reduce((sum, value) => sum + value ** 2, 0));

const tasks = ["masked", "classify"] as const;
/** Two families do these: they have the states of the others, with another head or none. */
const further = ["classify-tokens", "contrastive"] as const;
const all = [
  ...encoderNames.flatMap((name, i) => tasks.map((task, j) => [name, task, i % 2 === j] as const)),
  ...(["bert", "modernbert"] as const).flatMap((name, i) => further.map((task, j) => [name, task, i === j] as const)),
];

describe.each(all)("%s, %s", (name, task, isTurn) => {
  const gpu = name === "roberta" ? own : quick;

  test("the loss and every gradient are PyTorch's", firstIf(name === "bert"), async () => {
    const { model, golden, gradients: file } = await goldenEncoder(gpu, name, task);
    const { objective, parameters } = model;
    const inputs = objective.inputs(golden.batch as never);
    const tensors = { ...uploaded(gpu, inputs), ...objective.constants?.(inputs) };
    const named = Object.fromEntries(parameters.map((one) => [one.name, one.tensor]));
    const { value, gradients } = await gradientsOf(gpu, named, () => objective.loss(tensors, {}).loss);
    expect(Math.abs((value[0] ?? Number.NaN) - golden.loss)).toBeLessThan(1e-5);
    const expected = readF32(file);
    const relative = Object.entries(expected).map(([stored, wanted]) => {
      const actual = new Float32Array(wanted.length);
      for (const parameter of parameters) {
        for (const part of storedParts(parameter, stored)) putStored(part, gradients[parameter.name] ?? [], actual);
      }
      // The bias of keys has none: a softmax ignores what all scores share. It is compared with that of queries.
      const like =
        expected[
          stored.replace(
            /\b(key|k|k_lin)\.bias$/,
            (_, key) => `${{ key: "query", k: "q" }[key as string] ?? "q_lin"}.bias`,
          )
        ];
      const error = normOf(actual.map((one, i) => one - (wanted[i] ?? Number.NaN)));
      return [stored, error / normOf(like ?? wanted)] as const;
    });
    console.log(
      `${name}, ${task}: largest relative error ${Math.max(...relative.map(([, one]) => one)).toExponential(1)}`,
    );
    expect(relative.filter(([, one]) => !(one < tolerance))).toEqual([]);
    expect([...new Set(parameters.map(({ source }) => source.name))].toSorted()).toEqual(
      Object.keys(expected).toSorted(),
    );
    model.dispose();
  });

  // A family takes steps for one task, by turns: a step is its gradients, and the rule that all models share.
  if (!isTurn) return;

  test("10 steps of AdamW have the losses and norms of PyTorch's", async () => {
    const { model, golden } = await goldenEncoder(gpu, name, task);
    const optimizer = { name: "adamw", betas: [0.9, 0.98], eps: 1e-6, weightDecay: 0.1 } as const;
    const schedule = constant.of({ learningRate: golden.rate, steps: 20 });
    const trainer = new Trainer(model.objective, model.parameters, { optimizer, schedule, clip: 1 });
    let [worst, of] = [0, 0];
    for (const { batch, loss, norm } of golden.steps.slice(0, 10)) {
      const step = await trainer.step(batch as never);
      worst = Math.max(worst, Math.abs(step.loss - loss));
      of = Math.max(of, Math.abs(step.gradientNorm / norm - 1));
    }
    console.log(`${name}, ${task}: losses within ${worst.toExponential(1)}, norms within ${of.toExponential(1)}`);
    expect(worst).toBeLessThan(1e-4);
    expect(of).toBeLessThan(1e-3);
    trainer.dispose();
    model.dispose();
  });
});
