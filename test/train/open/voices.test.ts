import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openFolder } from "../../../src/formats/folder.ts";
import { openTrainable } from "../../../src/train/open/open-trainable.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { quickGpu, testGpu } from "../../support/devices/gpu.ts";
import type { GoldenTraining } from "../../support/models/golden-decoder.ts";

// The mixture trains with the adapter's own kernels.
const devices = { "voices-dense": await quickGpu(), "voices-moe": await testGpu() };

test.each(Object.entries(devices))(
  "%s: 2 steps of AdamW have the losses and norms of PyTorch's in float64",
  async (name, gpu) => {
    const golden: Required<Pick<GoldenTraining, "rate" | "steps">> = JSON.parse(
      readFileSync(`test/golden/training-${name}.json`, "utf8"),
    );
    const trainable = await openTrainable(gpu, await openFolder(`examples/models/${name}`));
    const trainer = new Trainer(trainable.objective, trainable.parameters, {
      optimizer: { name: "adamw", betas: [0.9, 0.95], weightDecay: 0.1 },
      clip: 1,
      schedule: () => golden.rate,
    });
    for (const step of golden.steps.slice(0, 2)) await trainer.submit(step);
    const steps = await trainer.readSteps();
    const losses = steps.map(({ loss }, i) => Math.abs(loss - (golden.steps[i]?.loss ?? Number.NaN)));
    const norms = steps.map(({ gradientNorm }, i) => Math.abs(gradientNorm / (golden.steps[i]?.norm ?? 0) - 1));
    const [worst, worstNorm] = [Math.max(...losses), Math.max(...norms)];
    console.log(`${name}: loss within ${worst.toExponential(1)}, norm within ${worstNorm.toExponential(1)}`);
    expect(worst).toBeLessThan(1e-4);
    expect(worstNorm).toBeLessThan(1e-3);
    trainer.dispose();
    trainable.dispose();
  },
  300_000,
);
