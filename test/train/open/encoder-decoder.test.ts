// Encoder-decoders under the trainer: steps as PyTorch's, what is learnt, and what is refused.
import { describe, expect, test } from "vitest";
import { openFiles } from "../../../src/formats/files.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import { memoryUse } from "../../../src/gpu/device/memory-use.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { openLora } from "../../../src/train/lora/open-lora.ts";
import type { PairBatch } from "../../../src/train/objectives/pair-batch.ts";
import { exportModel } from "../../../src/train/open/export-model.ts";
import { openTrainable } from "../../../src/train/open/open-trainable.ts";
import type { Parameter } from "../../../src/train/open/parameters.ts";
import type { TrainerOptions } from "../../../src/train/trainer/options.ts";
import { createTrainer } from "../../../src/train/trainer/trainer.ts";
import { quickTrainingGpu } from "../../support/devices/gpu.ts";
import { firstIf } from "../../support/first-tier.ts";
import { goldenPairs, pairFolder, pairsIn, trainablePairs } from "../../support/models/golden-pairs.ts";

const gpu = await quickTrainingGpu();
const settings = {
  optimizer: { name: "adamw", betas: [0.9, 0.95], weightDecay: 0.1 },
  clip: 1,
} as const;

/** A trainer of a golden model, which disposes both. */
async function trainerOf(name: string, options: Partial<TrainerOptions> = {}, labelSmoothing = 0) {
  const golden = goldenPairs(name);
  const model = await trainablePairs(gpu, name, { labelSmoothing });
  const schedule = { name: "constant", learningRate: golden.rate, steps: 20 } as const;
  const trainer = createTrainer(model, { ...settings, schedule, ...options });
  const dispose = () => {
    trainer.dispose();
    model.dispose();
  };
  return { golden, model, trainer, [Symbol.dispose]: dispose };
}

const weightsOf = (parameters: readonly Parameter[]) =>
  Promise.all(parameters.map(async ({ tensor }) => [...(await tensor.read())]));

// A step is its gradients, which are PyTorch's for every family, and the rule that all models share.
describe.each(["transformer-2017", "t5"] as const)("%s", (name) => {
  test(
    "10 steps of AdamW have the losses and norms of PyTorch's in float64",
    firstIf(name === "transformer-2017"),
    async () => {
      using run = await trainerOf(name);
      let [worst, worstNorm] = [0, 0];
      for (const { loss, norm, ...batch } of run.golden.steps.slice(0, 10)) {
        const step = await run.trainer.step(batch);
        worst = Math.max(worst, Math.abs(step.loss - loss));
        worstNorm = Math.max(worstNorm, Math.abs(step.gradientNorm / norm - 1));
      }
      console.log(`${name}: loss within ${worst.toExponential(1)}, norm within ${worstNorm.toExponential(1)}`);
      expect(run.trainer.steps).toBe(10);
      expect(worst).toBeLessThan(1e-4);
      expect(worstNorm).toBeLessThan(1e-3);
    },
  );
});

test("t5: a batch is learnt to a loss below 0.01, and the folder that is written generates it", async () => {
  using run = await trainerOf("t5", { schedule: { name: "constant", learningRate: 1e-2, steps: 400 } });
  const { start, eos } = run.model.defaults;
  const [end = 0] = eos;
  const answers = [
    [7, 9, 8],
    [11, 6],
    [6, 12, 5, 10],
  ].map((answer) => [...answer, end]);
  const sources = [
    [5, 6, 7, 8, 9, end],
    [9, 4, end],
    [8, 8, 5, 4, end],
  ];
  const longest = Math.max(...answers.map((answer) => answer.length));
  const padded = (row: readonly number[], pad: number) => [...row, ...Array(longest - row.length).fill(pad)];
  const batch: PairBatch = {
    sources,
    ids: answers.map((answer) => padded([start, ...answer.slice(0, -1)], end)),
    targets: answers.map((answer) => padded(answer, -100)),
  };
  let loss = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 400 && loss >= 0.01; i++) ({ loss } = await run.trainer.step(batch));
  console.log(`below 0.01 after ${run.trainer.steps} steps`);
  expect(loss).toBeLessThan(0.01);
  const files = await exportModel(run.model);
  const model = await loadEncoderDecoder(gpu, openFiles(files), { onWarning: () => undefined });
  const { results } = await model.generate(sources, { temperature: 0, maxTokens: longest + 2 });
  expect(results.map(({ ids }) => ids)).toEqual(answers);
  model.dispose();
});

// Sources that are alone, beside the same ones filled up to one length.
test("micro-batches of other lengths give what one batch of all does", async () => {
  using whole = await trainerOf("transformer-2017");
  using parts = await trainerOf("transformer-2017");
  const { sources, ids, targets } = whole.golden;
  const rows = sources.map((source, i) => ({ sources: [source], ids: [ids[i] ?? []], targets: [targets[i] ?? []] }));
  for (let i = 0; i < 3; i++) {
    const [one, other] = [await whole.trainer.step(pairsIn(whole.golden)), await parts.trainer.step(rows)];
    expect(Math.abs(other.loss - one.loss)).toBeLessThan(1e-5);
    expect(Math.abs(other.gradientNorm / one.gradientNorm - 1)).toBeLessThan(1e-5);
  }
});

test.each([
  ["t5-v1.1", {}],
  ["bart", { dropout: 0.2, attentionDropout: 0.1, seed: 5 }],
] as const)(
  "%s: twice the same steps, and steps whose layers are computed again, have the same bits",
  async (name, drop) => {
    const after = async (recompute: TrainerOptions["recompute"]) => {
      using run = await trainerOf(name, { recompute, ...drop });
      const losses = [];
      for (const batch of run.golden.steps.slice(0, 2)) losses.push((await run.trainer.step(pairsIn(batch))).loss);
      const { saved } = memoryUse(run.trainer.program({ batch: 3, context: 8, sourceContext: 9 }));
      return { losses, weights: await weightsOf(run.model.parameters), saved };
    };
    const { saved, ...first } = await after("nothing");
    const { saved: _, ...second } = await after("nothing");
    expect(second).toEqual(first);
    for (const recompute of ["cheap", "layers"] as const) {
      const { saved: fewer, ...again } = await after(recompute);
      expect(again).toEqual(first);
      expect(fewer).toBeLessThan(saved);
    }
  },
);

test("dropout differs from step to step and between stacks, and evaluation has none", async () => {
  using run = await trainerOf("marian", { dropout: 0.3, attentionDropout: 0.2, schedule: () => 0 });
  const batch = pairsIn(run.golden);
  const losses = [];
  for (let i = 0; i < 3; i++) losses.push((await run.trainer.step(batch)).loss);
  expect(new Set(losses).size).toBe(3);
  expect(Math.abs((await run.trainer.evaluate(batch)).loss - run.golden.loss)).toBeLessThan(1e-5);
  const { calls } = run.trainer.program({ batch: 3, context: 8, sourceContext: 9 });
  const sites = calls.flatMap(({ op, options }) => (op === "dropout" ? [(options as { site?: number }).site] : []));
  const { encoder, decoder } = run.model.config;
  const forward = 2 + 2 * encoder.layers + 3 * decoder.layers;
  expect(new Set(sites).size).toBe(forward);
});

test("label smoothing is PyTorch's, and learns by Noam's schedule", async () => {
  const schedule = { name: "noam", learningRate: 3e-3, warmup: 10, steps: 60 } as const;
  using run = await trainerOf("transformer-2017", { schedule }, 0.1);
  const batch = pairsIn(run.golden);
  const steps = [];
  for (let i = 0; i < 60; i++) steps.push(await run.trainer.step(batch));
  expect(Math.abs((steps[0]?.loss ?? 0) - run.golden.smoothed)).toBeLessThan(1e-5);
  const { vocabulary } = run.model.config;
  // The least that a smoothed loss can be: the entropy of its targets.
  const [most, rest] = [0.9 + 0.1 / vocabulary, 0.1 / vocabulary];
  const least = -most * Math.log(most) - (vocabulary - 1) * rest * Math.log(rest);
  expect(steps.at(-1)?.loss).toBeLessThan(least + 0.5);
  expect(steps.at(-1)?.loss).toBeGreaterThan(least);
});

test("keys and queries of attention over the source are named, so that a page can draw alignments", async () => {
  using run = await trainerOf("transformer-2017");
  const { objective } = run.model;
  const inputs = objective.inputs(pairsIn(run.golden));
  expect(inputs["offsets"]?.values).toEqual(Uint32Array.of(0, 9, 14, 21, 36));
  const made = Object.entries(inputs).map(([name, { shape, values, dtype }]) => [
    name,
    tensor(gpu, shape, [...values], dtype),
  ]);
  const tensors = { ...objective.constants?.(inputs), ...Object.fromEntries(made) };
  const program = gpu.record(() => objective.logits(tensors), { taps: (name) => /cross\.[qk]$/.test(name) });
  expect(program.result.shape).toEqual([3, 8, run.model.config.vocabulary]);
  const shapes = [...program.taps].map(([name, tap]) => [name, (tap as Tensor).shape]);
  expect(shapes.sort()).toEqual([
    ["decoder.0.cross.k", [36, 24]],
    ["decoder.0.cross.q", [3, 8, 24]],
    ["decoder.1.cross.k", [36, 24]],
    ["decoder.1.cross.q", [3, 8, 24]],
  ]);
});

test("what trains decoders alone names what trains encoder-decoders", async () => {
  const source = await openFolder(pairFolder("t5"));
  const says =
    "holds an encoder-decoder (t5), expected a decoder; openTrainableEncoderDecoder of shaderformer/train trains it";
  await expect(openTrainable(gpu, source)).rejects.toThrow(says);
  await expect(openLora(gpu, source, { rank: 2 })).rejects.toThrow(says);
  await expect(openTrainable(gpu, await openFolder("test/golden/bert"))).rejects.toThrow(
    "holds an encoder (bert), expected a decoder; openTrainableEncoder of shaderformer/train trains it",
  );
});

test("what is no batch of pairs is refused by name", async () => {
  using run = await trainerOf("transformer-2017");
  const { sources, ids, targets } = run.golden;
  const { vocabulary, sourceVocabulary, encoder, decoder } = run.model.config;
  const refused = async (batch: Partial<PairBatch>, message: string) =>
    await expect(run.trainer.step({ sources, ids, targets, ...batch })).rejects.toThrow(message);
  await refused({ sources: [] }, "the batch has 3 rows of ids and 0 of sources");
  await refused({ sources: [[], [1], [1]] }, "train: sources[0] has no tokens");
  await refused(
    { sources: [[1], [sourceVocabulary], [1]] },
    `sources[1][0] is ${sourceVocabulary}, expected a token below`,
  );
  await refused({ sources: [[1], [1], Array((encoder.context ?? 0) + 1).fill(1)] }, "sources[2] has 18 tokens");
  await refused({ ids: [[1, vocabulary], [1], [1]] }, `ids[0][1] is ${vocabulary}`);
  await refused({ ids: ids.map((row) => row.slice(1)) }, "targets[0] has 8 tokens, expected 7 (from ids[0])");
  await refused({ ids: ids.map(() => Array((decoder.context ?? 0) + 1).fill(1)) }, "ids[0] has 18 tokens");
  await expect(run.trainer.step({ ids, targets } as unknown as PairBatch)).rejects.toThrow("sources");
  await expect(trainablePairs(gpu, "t5", { labelSmoothing: 1 })).rejects.toThrow(
    "openTrainableEncoderDecoder: labelSmoothing is 1, expected a number from 0 to below 1",
  );
});
