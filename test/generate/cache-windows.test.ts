import { afterAll, expect, test } from "vitest";
import { llamaShapes } from "../../bench/models/weight-shapes.ts";
import { cacheBytes, createCache, pageTokens } from "../../src/blocks/kv-cache/cache.ts";
import { type CacheLayout, type CacheOptions, cacheLayouts } from "../../src/blocks/kv-cache/cache-options.ts";
import { difference } from "../../src/check/compare.ts";
import { randomSource } from "../../src/check/random.ts";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { readArchitecture } from "../../src/models/decoders/architectures.ts";
import { cacheShape } from "../../src/models/decoders/cache.ts";
import { forward, logits } from "../../src/models/decoders/decoder.ts";
import { checkRequirements } from "../../src/models/requirements.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { writeRandomModel } from "../support/models/random-model.ts";

/** Layers with a window of 20 around one that sees everything, and a longer context than a window and a chunk. */
const sliding = {
  architectures: ["MistralForCausalLM"],
  vocab_size: 2048,
  hidden_size: 32,
  intermediate_size: 32,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 32,
  hidden_act: "silu",
  max_position_embeddings: 1500,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  sliding_window: 20,
  layer_types: ["sliding_attention", "full_attention", "sliding_attention"],
};
/** Slots of a ring: window, chunk and steps in flight, in whole pieces of 64. */
const slots = 576;

const gpu = await quickGpu();
const { folder } = await writeRandomModel(sliding, llamaShapes(sliding), "f32");
const load = async (cache: CacheOptions) => {
  const model = await loadModel(gpu, folder, { cache });
  afterAll(() => model.dispose());
  return model;
};
const models = await Promise.all(cacheLayouts.map(async (layout) => [layout, await load({ layout })] as const));
const source = randomSource(11);
const ids = Array.from({ length: 650 }, () => 6 + source.integer(2042));

/** Logits of the positions from `first` on, over a cache that keeps everything. */
async function expected({ decoder, programs }: LanguageModel, all: readonly number[], first: number) {
  using scope = gpu.scope();
  const cache = createCache(gpu, cacheShape(decoder.config, 1, 1500));
  const { ropeTables } = programs;
  const given = { ids: tensor(gpu, [1, all.length], all, "u32"), batch: 1, cache, ropeTables };
  const stream = forward(decoder, { ...given, place: { start: 0 }, visible: 1536 });
  return scope
    .keep(logits(decoder, stream, "all"))
    .read()
    .then((values) => values.subarray(first * 2048));
}
const close = (actual: ArrayLike<number>, exact: ArrayLike<number>) => {
  const { nmse, misplaced } = difference(actual, exact);
  expect(misplaced).toBe(-1);
  expect(nmse).toBeLessThan(1e-10);
};

test.each(models)("a text goes on beyond its windows as over a cache that keeps everything: %s", async (_, model) => {
  using session = model.session();
  await session.state.prefill(0, ids, 0);
  const last = await session.state.logits.read();
  const { rows } = await session.continueFrom(ids, { temperature: 0, maxTokens: 20 }).result;
  const made = rows[0]?.tokens ?? [];
  expect(made).toHaveLength(20);
  const after = await expected(model, [...ids, ...made], ids.length - 1);
  close(last, after.subarray(0, 2048));
  const likeliest = made.map((_, i) => {
    const row = after.subarray(2048 * i, 2048 * (i + 1));
    return row.indexOf(Math.max(...row));
  });
  expect(made).toEqual(likeliest);
});

test.each(models)("beams copy rows whose windows have gone round: %s", async (_, model) => {
  const long = ids.slice(0, 590);
  const { rows } = await model.generate(long, { beams: 4, maxTokens: 8 }).result;
  const tokens = rows[0]?.tokens ?? [];
  expect(tokens.length).toBe(8);
  const logprobs = (await model.score([...long, ...tokens])).slice(589);
  expect(logprobs.reduce((sum, one) => sum + one, 0) / 8).toBeCloseTo(rows[0]?.score ?? 0, 4);
});

test.each(models)("a sequence goes back as far as its windows reach, else computes all anew: %s", async (_, model) => {
  using session = model.session();
  const { state } = session;
  await state.prefill(0, ids, 0);
  // 650 tokens in 576 slots: what comes before position 74 is lost, and 19 more are needed before the first.
  expect(await state.cache.resume(0, 95)).toBe(95);
  await state.prefill(0, ids.slice(95, 200), 95);
  close(await state.logits.read(), await expected(model, ids.slice(0, 200), 199));
  expect(await state.cache.resume(0, 60)).toBe(0);
  await state.prefill(0, ids.slice(0, 50), 0);
  close(await state.logits.read(), await expected(model, ids.slice(0, 50), 49));
});

test.each(models)("a batch goes on whose rows ended at different times: %s", async (_, model) => {
  const prompts = [ids.slice(0, 600), ids.slice(600, 620)].map((part) => model.tokenizer.decode(part));
  const next = [" and the sea", " thus"];
  const likeliest = { temperature: 0, maxTokens: 40 };
  const [made] = (await model.generate(prompts[0] ?? "", likeliest).result).rows;
  const stop = model.tokenizer.decode(made?.tokens.slice(4, 6) ?? []);
  using session = model.session(2);
  const first = await session.generate(prompts, { ...likeliest, stop }).result;
  expect(first.rows.map(({ stopReason }) => stopReason)).toEqual(["stop", "length"]);
  const [position = 0, tokens, , , otherPosition = 0] = await session.state.step.read();
  expect(tokens).toBe(0); // the row rests since it ended
  expect(position - (first.rows[0]?.promptTokens.length ?? 0)).toBeLessThan(12);
  expect(otherPosition - (first.rows[1]?.promptTokens.length ?? 0)).toBeGreaterThan(30);
  const before = session.prefilledTokens;
  const second = await session.generate(next, likeliest).result;
  const added = next.map((text) => model.tokenizer.encode(text, { addSpecialTokens: false }).length);
  expect(session.prefilledTokens - before).toBeLessThanOrEqual((added[0] ?? 0) + (added[1] ?? 0) + 2);
  for (const [row, text] of next.entries()) {
    using alone = model.session();
    await alone.generate(prompts[row] ?? "", { ...likeliest, stop }).result;
    const { rows } = await alone.generate(text, likeliest).result;
    expect(second.rows[row]).toEqual(rows[0]);
  }
});

test("integers and their scales are the same in rings as in pages", async () => {
  const [ring, pages] = await Promise.all(
    cacheLayouts.map(async (layout) => {
      using session = (await load({ dtype: "int8", layout })).session();
      await session.state.prefill(0, ids, 0);
      return await session.state.logits.read();
    }),
  );
  close(ring ?? [], pages ?? []);
});

test("a device that cannot hold the whole context holds a window and a chunk", async () => {
  using small = await openGpu({ cap: { binding: 128 << 10, buffer: 128 << 10 } });
  const { config } = readArchitecture({ ...sliding, layer_types: undefined });
  const whole = () => checkRequirements(small, readArchitecture(sliding).config, 1500, 1, {}, 512 + 3);
  expect(whole).toThrow("196608 bytes for the keys of one layer for 1 × 1500 tokens");
  expect(() => checkRequirements(small, config, 1500, 1, {}, 512 + 3)).not.toThrow();
});

test("layers with a window take memory for what they keep", () => {
  const shape = (layout: CacheLayout) => cacheShape(readArchitecture(sliding).config, 1, 1500, { layout }, 512 + 3);
  const token = 2 * 32 * 4; // of one layer
  expect(cacheBytes(shape("contiguous"))).toBe(token * (1536 + 2 * slots));
  expect(cacheBytes(shape("paged"), 100)).toBe(token * 3 * 4 * pageTokens);
  expect(cacheBytes(shape("paged"))).toBe(token * (1536 + 2 * (slots + pageTokens)) - token * pageTokens * 1);
});
