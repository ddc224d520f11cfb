import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { openTrainableEncoder } from "../../../src/train/open/encoder.ts";
import { createTrainer } from "../../../src/train/trainer/trainer.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { first } from "../../support/first-tier.ts";

/** What `test/golden/voices_encoder.py` found in float64 with the weights of the folder. */
interface VoicesEncoderGolden {
  readonly masked: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    /** The five likeliest tokens of each mask. */
    readonly masks: readonly (readonly { readonly id: number; readonly probability: number }[])[];
  }[];
  /** Windows of held-out documents with every seventh token hidden, and the mean loss of these. */
  readonly heldOut: readonly {
    readonly voice: string;
    readonly ids: readonly (readonly number[])[];
    readonly targets: readonly (readonly number[])[];
    readonly loss: number;
  }[];
}

const folder = "examples/models/voices-encoder";
const { masked, heldOut } = JSON.parse(readFileSync("test/golden/voices-encoder.json", "utf8")) as VoicesEncoderGolden;

// Other devices: golden families with random weights (encoder.test.ts, heads.test.ts).
test("the bundled voices-encoder: tokens and likeliest words of masks are those of PyTorch", first, async () => {
  using encoder = await loadEncoder(await quickGpu(), folder);
  const likeliest: string[] = [];
  for (const { text, tokens, masks } of masked) {
    expect(encoder.tokenizer.encodeInput(text).ids).toEqual(tokens);
    const found = await encoder.fillMask(text);
    for (const [i, row] of found.masks.entries()) {
      const expected = masks[i] ?? [];
      expect(row.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      for (const [j, { probability }] of row.entries()) {
        expect(Math.abs(Math.log(probability / (expected[j]?.probability ?? 0)))).toBeLessThan(2e-4);
      }
    }
    likeliest.push(found.masks[0]?.[0]?.token ?? "");
  }
  expect(likeliest).toEqual([" LORD", " time", " States", " program", " pass"]);
});

test("the bundled voices-encoder has learnt its voices: losses of held-out tokens are those of PyTorch", async () => {
  const model = await openTrainableEncoder(await quickGpu(), folder, { task: "masked" });
  // No step is taken.
  const schedule = { name: "constant", learningRate: 1, steps: 1 } as const;
  const trainer = createTrainer(model, { optimizer: { name: "sgd" }, schedule });
  const losses: Record<string, number> = {};
  for (const { voice, ids, targets, loss } of heldOut) {
    const found = await trainer.evaluate({ ids, targets });
    expect(Math.abs(found.loss - loss), voice).toBeLessThan(1e-3);
    losses[voice] = found.loss;
  }
  trainer.dispose();
  model.dispose();
  // A guess has ln 4096 = 8.32.
  expect(losses["scripture"]).toBeLessThan(3);
  for (const loss of Object.values(losses)) expect(loss).toBeLessThan(4.8);
});
