// Runs of the page that trains, without the page: in Node.
import { beforeAll, describe, expect, test } from "vitest";
import { settingsFor } from "../../../site/train/setup/settings.ts";
import { faultOf, train } from "../../../site/train/worker/loop.ts";
import type { Progress } from "../../../site/train/worker/protocol.ts";
import { readRun } from "../../../site/train/worker/saved.ts";
import { openSession, type Session } from "../../../site/train/worker/session.ts";
import { openFiles } from "../../../src/formats/files.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

const settings = settingsFor("sort", { layers: 1, heads: 2, headWidth: 8, batch: 8, every: 4, steps: 40 });
const request = { settings, text: "" };
const keeper = () => {
  const saves: Blob[] = [];
  return {
    saves,
    last: undefined,
    age: 0,
    wanted: false,
    ask: async () => undefined,
    save: async () => undefined,
  };
};
const losses = ({ history: { steps } }: Session) => steps.map(({ loss, gradientNorm }) => [loss, gradientNorm]);

describe("a run", () => {
  let gpu: Gpu;
  let first: Session;
  beforeAll(async () => {
    gpu = await quickGpu();
    first = await openSession(gpu, request, undefined);
  });

  test("goes on from its file to the bit, with the history that it had", async () => {
    await first.look();
    await first.advance(4);
    await first.advance(3);
    await first.look();
    const file = await first.saved();
    await first.advance(1);
    await first.advance(4);
    const read = await readRun(file);
    expect(read.settings).toEqual(settings);
    const again = await openSession(gpu, request, read);
    expect(again.history.looks).toEqual(
      first.history.looks.map((look) => (look.step === 4 ? { ...look, ratios: undefined } : look)),
    );
    expect(again.history.attention).toEqual(first.history.attention);
    await again.advance(1);
    await again.advance(4);
    expect(losses(again)).toEqual(losses(first));
    expect(await (await again.exported()).files["model.safetensors"]?.bytes()).toEqual(
      await (await first.exported()).files["model.safetensors"]?.bytes(),
    );
    again.dispose();
  });

  test("takes the same steps whatever the number of submits", async () => {
    const split = await openSession(gpu, request, undefined);
    split.trainer.submits = 7;
    await split.advance(2);
    expect(losses(split)).toEqual(losses(first).slice(0, 2));
    split.dispose();
  });

  test("is exported as a folder whose model says what the page showed", async () => {
    const { files } = await first.exported();
    const found = await first.look();
    const model = await loadModel(gpu, openFiles(files));
    for (const { prompt, given } of found?.look.samples ?? []) {
      expect((await model.generate(prompt).result).text).toBe(given);
    }
    expect(found?.look.samples).toHaveLength(8);
    model.dispose();
  });

  test("an adapter of the bundled model learns the manner of a text", async () => {
    const base = "voices-nano";
    const settings = settingsFor("adaptation", { base, length: 16, batch: 2, rank: 2 });
    const text = "The sea was calm, and the captain stood upon the deck. ".repeat(12); // few windows are held out
    const given = { settings, text };
    const source = await openFolder(`examples/models/${base}`);
    const adapted = await openSession(gpu, given, undefined, { source });
    expect(adapted.facts.parameters).toBeLessThan(1e5);
    const before = await adapted.look();
    expect(before?.look.samples[0]?.answer).toMatch(/[a-z]{2}/);
    await adapted.advance(1);
    await adapted.advance(1);
    const after = await adapted.look();
    expect(after?.look.loss).toBeLessThan(before?.look.loss ?? 0);
    const run = await readRun(await adapted.saved());
    const again = await openSession(gpu, given, run, { source });
    await adapted.advance(1);
    await again.advance(1);
    expect(losses(again)).toEqual(losses(adapted));
    expect(Object.keys((await adapted.exported()).files).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
    ]);
    const model = await loadModel(gpu, openFiles((await adapted.exported(true)).files));
    expect(model.decoder.config.layers).toBe(4);
    model.dispose();
    again.dispose();
    adapted.dispose();
  });

  test("ends when the loss diverges, at its step", async () => {
    const hot = await openSession(
      gpu,
      { ...request, settings: { ...settings, learningRate: 10, clip: 1e6 } },
      undefined,
    );
    const reports: Progress[] = [];
    const ended = await train(hot, keeper(), { report: (one) => reports.push(one), isPaused: () => false });
    expect(ended.reason).toBe("diverged");
    expect(ended.says).toMatch(/^At step \d+ the (loss is|norm of the gradients is) /);
    hot.dispose();
  });
});

test("what no model recovers from", () => {
  const sound = { step: 3, loss: 1, gradientNorm: 1, learningRate: 1, skipped: false };
  expect(faultOf(sound, 1)).toBeUndefined();
  expect(faultOf({ ...sound, loss: Number.NaN }, 1)).toBe("At step 3 the loss is NaN.");
  expect(faultOf({ ...sound, gradientNorm: Number.POSITIVE_INFINITY, skipped: true }, 1)).toBe(
    "At step 3 the norm of the gradients is Infinity.",
  );
  expect(faultOf({ ...sound, loss: 4 }, 1)).toBe("At step 3 the loss is 4.00, where guessing has 1.00.");
});
