import { describe, expect, test } from "vitest";
import { openFiles } from "../../../src/formats/files.ts";
import { readRecurrentConfig } from "../../../src/models/recurrent/config.ts";
import { decodeGreedy } from "../../../src/models/recurrent/decode-greedy.ts";
import { placed } from "../../../src/tensor/tensor.ts";
import type { PairBatch } from "../../../src/train/objectives/pair-batch.ts";
import { freshRecurrent, openRecurrent } from "../../../src/train/open/recurrent.ts";
import { createTrainer } from "../../../src/train/trainer/trainer.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { firstIf } from "../../support/first-tier.ts";
import {
  batchOf,
  expectGoldenGradients,
  expectGoldenSteps,
  goldenSmall,
  smallFolder,
  tensorsOf,
  written,
} from "../../support/models/golden-small.ts";

const gpu = await quickGpu();

const small = {
  model_type: "gru-encoder-decoder",
  vocab_size: 9,
  embedding_size: 16,
  hidden_size: 32,
  decoder_start_token_id: 8,
  eos_token_id: 7,
};

describe.each(["gru", "gru-dot", "gru-additive"])("%s", (name) => {
  test("the loss and every gradient are PyTorch's in float64", firstIf(name === "gru"), async () => {
    const model = await openRecurrent(gpu, smallFolder(name));
    await expectGoldenGradients(name, model);
    model.dispose();
  });

  test("20 steps of AdamW have PyTorch's losses and norms, and the same bits when they are taken again", async () => {
    const runs = [];
    for (let i = 0; i < 2; i++) {
      const model = await openRecurrent(gpu, smallFolder(name));
      const steps = await expectGoldenSteps(name, model);
      runs.push({ steps, weights: (await written(model)).weights });
      model.dispose();
    }
    expect(runs[1]).toEqual(runs[0]);
  });
});

test("attention sees the tokens of a source and nothing after its end", async () => {
  const golden = goldenSmall<PairBatch>("gru-dot");
  const model = await openRecurrent(gpu, smallFolder("gru-dot"));
  const run = async (batch: PairBatch) => {
    const tensors = tensorsOf(model, batch);
    const program = gpu.record(() => model.objective.logits(tensors), { taps: () => true });
    const instance = await program.instantiate();
    instance.run();
    const alignment = program.taps.get("alignment");
    if (!alignment) expect.fail("alignment is not tapped");
    const read = {
      logits: await placed(instance, program.result).read(),
      alignment: await placed(instance, alignment as typeof program.result).read(),
    };
    instance.dispose();
    return read;
  };
  const batch = batchOf<PairBatch>(golden);
  const { alignment, logits } = await run(batch);
  const expected = (golden.alignment ?? []).flat(2);
  expect(alignment).toHaveLength(expected.length);
  for (const [i, share] of expected.entries()) expect(Math.abs((alignment[i] ?? 1) - share)).toBeLessThan(1e-5);
  expect(expected.filter((share) => share === 0).length).toBe(4 * (4 + 1));
  expect(expected.every((share, i) => share !== 0 || alignment[i] === 0)).toBe(true);
  // A row that is alone, without filling, has the same logits.
  const row = 1;
  const alone = await run({
    sources: [batch.sources[row] ?? []],
    ids: [batch.ids[row] ?? []],
    targets: [batch.targets[row] ?? []],
  });
  const size = alone.logits.length;
  for (const [i, value] of alone.logits.entries())
    expect(Math.abs((logits[row * size + i] ?? 0) - value)).toBeLessThan(1e-5);
  model.dispose();
});

/** Sources of letters, which targets have from the end, with an end token. */
function reversals(count: number, length: number, seed: number): PairBatch {
  let state = seed;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * 7);
  };
  const sources = Array.from({ length: count }, () => Array.from({ length }, draw));
  const targets = sources.map((row) => [...row.toReversed(), small.eos_token_id]);
  return { sources, targets, ids: targets.map((row) => [small.decoder_start_token_id, ...row.slice(0, -1)]) };
}

test("attention learns to reverse five letters, decodes unseen ones, and points at the letter that it writes", async () => {
  const model = await openRecurrent(gpu, freshRecurrent({ ...small, attention: "dot" }, { seed: 1 }));
  const trainer = createTrainer(model, { schedule: () => 1e-2, clip: 1 });
  for (let step = 0; step < 120; step++) await trainer.submit(reversals(32, 5, 1000 + step));
  const steps = await trainer.readSteps();
  console.log(`reversal: loss ${steps.at(-1)?.loss}`);
  const { sources, targets } = reversals(64, 5, 5);
  const { ids, alignments } = await decodeGreedy(model, sources, { maxTokens: 6 });
  const right = ids.filter((row, i) => row.join() === targets[i]?.slice(0, -1).join());
  expect(right.length).toBeGreaterThan(0.95 * 64);
  const first = alignments?.map(([shares]) => shares?.indexOf(Math.max(...(shares ?? []))));
  expect(first?.filter((at) => at === 4).length).toBeGreaterThan(0.9 * 64);
  trainer.dispose();
  model.dispose();
});

test("decoding steps gives what teacher forcing of the same tokens gives, for sources of several lengths", async () => {
  const model = await openRecurrent(
    gpu,
    freshRecurrent({ ...small, attention: "dot", bidirectional: true }, { seed: 3 }),
  );
  const sources = [[1, 2, 3, 4], [5], [6, 0]];
  const { ids } = await decodeGreedy(model, sources, { maxTokens: 4, end: undefined });
  const whole = ids.map((row) => [...row, ...Array<number>(4 - row.length).fill(7)]);
  const read = whole.map((row) => [8, ...row.slice(0, 3)]);
  const logits = model.objective.logits(tensorsOf(model, { sources, ids: read, targets: whole }));
  const numbers = await logits.read();
  for (const [row, chosen] of ids.entries()) {
    for (const [step, id] of chosen.entries()) {
      const own = numbers.slice((row * 4 + step) * 9, (row * 4 + step + 1) * 9);
      expect(own.indexOf(Math.max(...own))).toBe(id);
    }
  }
  const refused = async (sources: readonly (readonly number[])[], options: object, message: string) =>
    await expect(decodeGreedy(model, sources, { maxTokens: 2, ...options })).rejects.toThrow(
      `decodeGreedy: ${message}`,
    );
  await refused([[1], []], {}, "sources[1] has no tokens");
  await refused([], {}, "sources[0] has no tokens");
  await refused([[1], [9]], {}, "sources[1] is [9], expected a list, each an integer from 0 to 8");
  await refused([[1]], { maxTokens: 0 }, "maxTokens is 0");
  await refused([[1]], { end: 9 }, "end is 9, expected an integer from 0 to 8");
  model.dispose();
});

// With attention: above.
test("attention none: one batch is learnt by heart", async () => {
  const model = await openRecurrent(gpu, freshRecurrent({ ...small, attention: "none" }, { seed: 2 }));
  const trainer = createTrainer(model, { schedule: () => 2e-2, clip: 1 });
  const batch = reversals(4, 4, 11);
  for (let step = 0; step < 80; step++) await trainer.submit(batch);
  const last = (await trainer.readSteps()).at(-1);
  expect(last?.loss).toBeLessThan(0.01);
  trainer.dispose();
  model.dispose();
});

test("dropout changes steps and repeats with its seed; recomputing is refused by name", async () => {
  const losses = async (options: object) => {
    const model = await openRecurrent(gpu, freshRecurrent({ ...small, attention: "dot" }));
    const trainer = createTrainer(model, { schedule: () => 1e-2, ...options });
    try {
      for (let i = 0; i < 2; i++) await trainer.submit(reversals(4, 3, i));
      return (await trainer.readSteps()).map(({ loss }) => loss);
    } finally {
      trainer.dispose();
      model.dispose();
    }
  };
  const dropped = await losses({ dropout: 0.3, seed: 5 });
  expect(dropped).toEqual(await losses({ dropout: 0.3, seed: 5 }));
  expect(dropped).not.toEqual(await losses({}));
  await expect(losses({ recompute: "layers" })).rejects.toThrow(
    'train: recompute is "layers", expected "nothing" of a recurrent model',
  );
  await expect(losses({ attentionDropout: 0.1 })).rejects.toThrow("train: attentionDropout is 0.1, expected 0");
});

test("fresh weights are within ±1/√h, the same for a seed; what is written opens as the same numbers", async () => {
  const source = freshRecurrent({ ...small, bidirectional: true, attention: "dot" }, { seed: 4 });
  const model = await openRecurrent(gpu, source);
  const first = await written(model);
  const all = Object.values(first.weights).flatMap((values) => [...values]);
  const most = Math.max(...all.map(Math.abs));
  expect(most).toBeLessThanOrEqual(1 / Math.sqrt(32));
  expect(most).toBeGreaterThan(0.99 / Math.sqrt(32));
  expect(Math.abs(all.reduce((sum, value) => sum + value, 0) / all.length)).toBeLessThan(0.005);
  const files = { ...first.files, "model.safetensors": first.file };
  const blobs = Object.entries(files).map(([name, content]) => [name, new Blob([content])]);
  const again = await openRecurrent(gpu, openFiles(Object.fromEntries(blobs)));
  expect((await written(again)).weights).toEqual(first.weights);
  expect(again.config).toEqual(model.config);
  const other = await openRecurrent(
    gpu,
    freshRecurrent({ ...small, bidirectional: true, attention: "dot" }, { seed: 5 }),
  );
  expect((await written(other)).weights).not.toEqual(first.weights);
  for (const one of [model, again, other]) one.dispose();
});

test.each([false, true])(
  "a step of 64 rows of 8 + 8 tokens is recorded in few dispatches, from shapes alone: bidirectional %s",
  async (bidirectional) => {
    const config = { ...small, embedding_size: 64, hidden_size: 64, attention: "dot", bidirectional };
    const model = await openRecurrent(gpu, freshRecurrent(config));
    const trainer = createTrainer(model, { schedule: () => 1e-3, clip: 1 });
    const { calls } = trainer.program({ batch: 64, context: 8 });
    const count = calls.reduce((sum, { dispatches }) => sum + dispatches.length, 0);
    console.log(`bidirectional ${bidirectional}: ${count} dispatches`);
    expect(count).toBeLessThan(bidirectional ? 250 : 180);
    const shapesOf = (inputs: object) =>
      Object.entries<{ shape: readonly number[]; dtype: string }>(inputs as never).map(([name, { shape, dtype }]) => [
        name,
        shape,
        dtype,
      ]);
    const { inputs, inputsFor } = model.objective;
    expect(shapesOf(inputsFor({ batch: 6, context: 4, sourceContext: 3 }))).toEqual(
      shapesOf(inputs(reversals(6, 3, 1))),
    );
    trainer.dispose();
    model.dispose();
  },
);

test("configs that are not valid are refused by field", () => {
  const read = (changed: object) => () => readRecurrentConfig("config.json", { ...small, ...changed });
  expect(read({})()).toMatchObject({
    vocabulary: 9,
    width: 32,
    attention: "none",
    bidirectional: false,
    start: 8,
    end: 7,
  });
  expect(read({ attention: "concat" })).toThrow("config.json: attention is concat, known are none, dot, additive");
  expect(read({ model_type: "gru" })).toThrow("model_type");
  expect(read({ hidden_size: 31, bidirectional: true })).toThrow("each direction has half of the state");
  expect(read({ eos_token_id: 9 })).toThrow("eos_token_id");
});
