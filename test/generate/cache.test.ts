import { afterAll, describe, expect, test } from "vitest";
import { cacheLayouts, type CacheOptions, cacheBytes, createCache, pageTokens } from "../../src/blocks/kv-cache/cache.ts";
import { cacheDtypes } from "../../src/blocks/kv-cache/formats.ts";
import { SequenceCache } from "../../src/blocks/kv-cache/sequence-cache.ts";
import { difference } from "../../src/check/compare.ts";
import { randomSource } from "../../src/check/random.ts";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel } from "../../src/generate/load-model.ts";
import { cacheShape } from "../../src/models/cache.ts";
import { forward, logits } from "../../src/models/decoder.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { bundledModel, goldenPrompts } from "../support/bundled.ts";
import { testGpu } from "../support/gpu.ts";
import { llamaShapes, writeRandomModel } from "../support/random-model.ts";

const gpu = await testGpu();
const loaded: LanguageModel[] = [];
const load = async (folder: string, cache: CacheOptions, context?: number) => {
  const model = await loadModel(gpu, folder, { cache, context });
  loaded.push(model);
  return model;
};
afterAll(() => {
  for (const model of loaded) model.dispose();
});

const combinations = cacheLayouts.flatMap((layout) => cacheDtypes.map((dtype) => ({ dtype, layout })));
const source = randomSource(11);
const tokens = (count: number) => Array.from({ length: count }, () => 6 + source.integer(2042));

describe("the bundled model", async () => {
  const plain = await load(bundledModel, {});
  const ids = tokens(150);
  const prompts = goldenPrompts.map(({ prompt }) => prompt);
  const greedy = { temperature: 0, maxTokens: 24 };
  const logitsOf = async (model: LanguageModel) => {
    using session = model.session();
    return (await session.state.inspect(ids, "all")).logits.map((row) => Float32Array.from(row));
  };
  const exact = await logitsOf(plain);

  test("says in pages of f32 what is golden, in a batch whose rows end at different times", async () => {
    const model = await load(bundledModel, { layout: "paged" });
    const long = { temperature: 0, maxTokens: 64, stop: ["Pequod"] };
    const both = await model.generate(prompts, long).result;
    expect(both.rows).toEqual((await plain.generate(prompts, long).result).rows);
    for (const [i, { greedyTokens }] of goldenPrompts.entries()) {
      const { rows } = await model.generate(prompts[i] ?? "", greedy).result;
      expect(rows[0]?.tokens).toEqual(greedyTokens.slice(0, 24));
    }
  });

  /** Largest error of the logits, as a share of their squares. */
  const caps = { f32: 0, f16: 1e-6, int8: 1e-3, int4: 0.2 } as const;

  test.each(cacheDtypes)("pages of %s give the same bits as contiguous rows", async (dtype) => {
    const contiguous = await logitsOf(await load(bundledModel, { dtype }));
    expect(await logitsOf(await load(bundledModel, { dtype, layout: "paged" }))).toEqual(contiguous);
    const { nmse, misplaced } = difference(contiguous.flatMap((row) => [...row]), exact.flatMap((row) => [...row]));
    expect(misplaced).toBe(-1);
    expect(nmse).toBeLessThanOrEqual(caps[dtype]);
    if (dtype !== "f32") expect(nmse).toBeGreaterThan(caps[dtype] / 1e4); // it is stored in that type at all
  });
});
