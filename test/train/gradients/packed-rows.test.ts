import { expect, test } from "vitest";
import { packDocuments } from "../../../src/train/data/pack-documents.ts";
import { decoderObjective } from "../../../src/train/objectives/decoder.ts";
import type { TokenBatch } from "../../../src/train/objectives/token-batches.ts";
import { constant } from "../../../src/train/schedules.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { quickTrainingGpu } from "../../support/devices/gpu.ts";
import { goldenDecoder } from "../../support/models/golden-decoder.ts";

const gpu = await quickTrainingGpu();
const lengths = [5, 9, 3, 7, 4, 12, 2, 6];
const context = 16;

/** Documents of a golden model's vocabulary, packed into rows, and the same a row each, filled up. */
function batches(vocabulary: number): { readonly packed: TokenBatch; readonly apart: TokenBatch } {
  const starts = [0];
  for (const length of lengths) starts.push((starts.at(-1) ?? 0) + length);
  const tokens = Uint32Array.from({ length: starts.at(-1) ?? 0 }, (_, i) => (7 * i + 3 * (i % 5)) % vocabulary);
  const rows = packDocuments({ tokens, starts }, context).map((row) => row());
  const whole = lengths.map((length, i) => [...tokens.slice(starts[i], (starts[i] ?? 0) + length)]);
  const filled = (ids: readonly number[], by: number) => [...ids, ...Array(context - ids.length).fill(by)];
  return {
    packed: {
      ids: rows.map(({ ids }) => ids),
      targets: rows.map(({ targets }) => targets),
      documents: rows.map(({ documents = [] }) => documents),
    },
    apart: {
      ids: whole.map((ids) => filled(ids, 0)),
      targets: whole.map((ids) => filled([...ids.slice(1), -100], -100)),
    },
  };
}

test.each(["gpt2", "gemma2", "deepseek"])(
  "%s: documents packed into rows train as documents that have a row each",
  async (name) => {
    const run = async (kind: "packed" | "apart" | "crossing") => {
      const { decoder, parameters } = await goldenDecoder(gpu, name);
      const trainer = new Trainer(decoderObjective(decoder), parameters, {
        schedule: constant.of({ learningRate: 1e-3, steps: 3 }),
      });
      const { packed, apart } = batches(decoder.config.vocabulary);
      const { documents: _, ...crossing } = packed;
      const batch = { packed, apart, crossing }[kind];
      // Evaluation computes what steps do, and parts of a step what it does whole, so that one family is enough.
      const isFirst = name === "gpt2";
      const evaluated = isFirst ? await trainer.evaluate(batch) : undefined;
      const given = kind === "crossing" ? [] : isFirst ? [batch, [batch, batch]] : [batch];
      const steps = [];
      for (const one of given) steps.push(await trainer.step(one));
      trainer.dispose();
      decoder.weights.dispose();
      const figures = steps.flatMap((one) => [one.loss, one.gradientNorm]);
      return { rows: batch.ids.length, evaluated, figures };
    };
    const [packed, apart] = [await run("packed"), await run("apart")];
    expect(packed.rows).toBeLessThan(apart.rows);
    expect(packed.figures).toHaveLength(name === "gpt2" ? 4 : 2);
    for (const [i, figure] of packed.figures.entries()) expect(figure / (apart.figures[i] ?? 0)).toBeCloseTo(1, 4);
    if (!packed.evaluated || !apart.evaluated) return;
    const { loss, count } = apart.evaluated;
    expect(packed.evaluated.loss / loss).toBeCloseTo(1, 4);
    expect(packed.evaluated.count).toBe(count);
    expect(Math.abs(((await run("crossing")).evaluated?.loss ?? loss) - loss)).toBeGreaterThan(1e-3);
  },
);

test("documents that are none are refused", async () => {
  const { decoder, parameters } = await goldenDecoder(gpu, "gpt2");
  const trainer = new Trainer(decoderObjective(decoder), parameters, {
    schedule: constant.of({ learningRate: 1e-3, steps: 3 }),
  });
  const batch = { ids: [[1, 2]], targets: [[2, 3]] };
  await expect(trainer.step({ ...batch, documents: [] })).rejects.toThrow("1 rows of ids and 0 of documents");
  await expect(trainer.step({ ...batch, documents: [[0]] })).rejects.toThrow("documents[0] has 1 tokens, expected 2");
  await expect(trainer.step({ ...batch, documents: [[0, -1]] })).rejects.toThrow("documents[0][1] is -1");
  trainer.dispose();
  decoder.weights.dispose();
});
