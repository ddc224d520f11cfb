import { afterAll, describe, expect, test } from "vitest";
import {
  type CacheLayout,
  type CacheOptions,
  cacheBytes,
  cacheLayouts,
  createCache,
  pageTokens,
} from "../../src/blocks/kv-cache/cache.ts";
import { cacheDtypes } from "../../src/blocks/kv-cache/formats.ts";
import { SequenceCache } from "../../src/blocks/kv-cache/sequence-cache.ts";
import { difference } from "../../src/check/compare.ts";
import { randomSource } from "../../src/check/random.ts";

import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel } from "../../src/generate/load-model.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { openGpu } from "../../src/gpu/open.ts";
import { readArchitecture } from "../../src/models/architectures.ts";

import { cacheShape } from "../../src/models/cache.ts";
import { forward, logits } from "../../src/models/decoder.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { bundledModel, goldenPrompts } from "../support/bundled.ts";
import { testGpu } from "../support/gpu.ts";
import { llamaShapes, writeRandomModel } from "../support/random-model.ts";
import { goldenFolders, goldenTests } from "./golden-folder.ts";

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

  /** Mean negative log-likelihood of the golden texts, in nats a token. */
  const nats = async (model: LanguageModel) => {
    const texts = goldenPrompts.map(({ promptTokens, greedyTokens }) => [...promptTokens, ...greedyTokens]);
    const scored: number[] = [];
    for (const text of texts) scored.push(...(await model.score(text)));
    return -scored.reduce((sum, logprob) => sum + logprob, 0) / scored.length;
  };
  const exactNats = await nats(plain);

  /** Largest error of the logits, as a share of their squares, and of perplexity, as a share of that with f32. */
  const caps = { f32: [0, 0], f16: [1e-6, 1e-3], int8: [1e-3, 1e-2], int4: [0.2, 0.1] } as const;

  test.each(cacheDtypes)("pages of %s give the same bits as contiguous rows", async (dtype) => {
    const model = await load(bundledModel, { dtype });
    const contiguous = await logitsOf(model);
    const [most, mostPerplexity] = caps[dtype];
    expect(await logitsOf(await load(bundledModel, { dtype, layout: "paged" }))).toEqual(contiguous);
    const { nmse, misplaced } = difference(
      contiguous.flatMap((row) => [...row]),
      exact.flatMap((row) => [...row]),
    );
    expect(misplaced).toBe(-1);
    expect(nmse).toBeLessThanOrEqual(most);
    if (dtype !== "f32") expect(nmse).toBeGreaterThan(most / 1e4); // it is stored in that type at all
    expect(Math.abs(Math.exp((await nats(model)) - exactNats) - 1)).toBeLessThanOrEqual(mostPerplexity);
  });
});

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

describe("a model with windows", async () => {
  const { folder } = await writeRandomModel(sliding, llamaShapes(sliding), "f32");
  const models = await Promise.all(
    cacheLayouts.map(async (layout) => [layout, await load(folder, { layout })] as const),
  );
  const ids = tokens(900);

  /** Logits of the positions from `first` on, over a cache that keeps everything. */
  async function expected({ decoder, programs }: LanguageModel, all: readonly number[], first: number) {
    using scope = gpu.scope();
    const cache = createCache(gpu, cacheShape(decoder.config, 1, 1500));
    const { ropeTable } = programs;
    const given = { ids: tensor(gpu, [1, all.length], all, "u32"), batch: 1, cache, ropeTable };
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

  test.each(models)("goes on beyond them as over a cache that keeps everything: %s", async (_, model) => {
    using session = model.session();
    await session.state.prefill(0, ids, 0);
    const exact = await expected(model, ids, ids.length - 1);
    close(await session.state.logits.read(), exact);
    const { rows } = await model.generate(ids, { temperature: 0, maxTokens: 40, logprobs: 1 }).result;
    const made = rows[0]?.tokens ?? [];
    expect(made).toHaveLength(40);
    const after = await expected(model, [...ids, ...made], ids.length - 1);
    const likeliest = made.map((_, i) => {
      const row = after.subarray(2048 * i, 2048 * (i + 1));
      return row.indexOf(Math.max(...row));
    });
    expect(made).toEqual(likeliest);
  });

  test.each(models)("goes back as far as its windows reach, else computes all anew: %s", async (_, model) => {
    using session = model.session();
    const { state } = session;
    await state.prefill(0, ids, 0);
    // 900 tokens in 576 slots: what comes before position 324 is lost, and 19 more are needed before the first.
    expect(await state.cache.resume(0, 345)).toBe(345);
    await state.prefill(0, ids.slice(345, 600), 345);
    close(await state.logits.read(), await expected(model, ids.slice(0, 600), 599));
    expect(await state.cache.resume(0, 310)).toBe(0);
    await state.prefill(0, ids.slice(0, 50), 0);
    close(await state.logits.read(), await expected(model, ids.slice(0, 50), 49));
  });

  test.each(models)("continues a batch whose rows ended at different times: %s", async (_, model) => {
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

  test("keeps integers and their scales in rings as in pages", async () => {
    const [ring, pages] = await Promise.all(
      cacheLayouts.map(async (layout) => {
        using session = (await load(folder, { dtype: "int8", layout })).session();
        await session.state.prefill(0, ids, 0);
        return await session.state.logits.read();
      }),
    );
    close(ring ?? [], pages ?? []);
  });

  test("takes memory for what it keeps", () => {
    const shape = (layout: CacheLayout) => cacheShape(readArchitecture(sliding).config, 1, 1500, { layout }, 512 + 3);
    const token = 2 * 32 * 4; // of one layer
    expect(cacheBytes(shape("contiguous"))).toBe(token * (1536 + 2 * slots));
    expect(cacheBytes(shape("paged"), 100)).toBe(token * 3 * 4 * pageTokens);
    expect(cacheBytes(shape("paged"))).toBe(token * (1536 + 2 * (slots + pageTokens)) - token * pageTokens * 1);
  });
});

describe("a paged cache", async () => {
  // A small device without features, whose memory is that of an application.
  const small = await openGpu({ features: [], cap: { binding: 256 << 10, buffer: 1 << 20 } });
  const model = await loadModel(small, bundledModel, { cache: { layout: "paged", dtype: "f16" } });
  afterAll(() => small.close());
  const token = 6 * 2 * 2 * 32 * 2; // layers, keys and values, heads, their width, bytes
  const table = 4 * (512 / pageTokens);

  test("takes memory in proportion to the tokens, and little more while it grows", async () => {
    using session = model.session();
    const { cache } = session.state;
    await cache.reserve([{ row: 0, length: 129 }]); // grows, so that all that copying needs is there
    const others = small.buffers.allocatedBytes - cache.bytes;
    for (const length of [150, 250, 260, 420, 500]) {
      await cache.reserve([{ row: 0, length }]);
      expect(cache.bytes).toBeLessThanOrEqual(token * (128 + (9 / 8) * length));
      expect(cache.bytes).toBeGreaterThanOrEqual(token * length);
      expect(small.buffers.allocatedBytes).toBe(others + cache.bytes);
    }
    expect(cache.bytes).toBe(token * 512);
    expect(cache.peakBytes).toBeLessThanOrEqual(cache.bytes * (1 + 1 / 12)); // one of 12 tensors twice
    expect(cache.peakBytes).toBeGreaterThan(cache.bytes);
  });

  test("makes no buffer, bind group or pipeline for a token unless it grows", async () => {
    using session = model.session();
    const generation = session.generate("<|whale|>The sea", { temperature: 0.8, seed: 3, maxTokens: 300 });
    const seen: string[] = [];
    for await (const _ of generation) {
      seen.push([small.buffers.created, small.bindGroups, small.pipelines.count, session.state.cache.bytes].join());
    }
    const { memory } = await generation.result;
    const changes = seen.slice(8).filter((counts, i) => counts !== seen[7 + i]);
    expect(seen.length).toBe(300);
    expect(changes.length).toBe(2); // after 128 and 256 tokens
    expect(memory.cache).toBe(token * 384 + table);
    expect(memory.cachePeak).toBeGreaterThan(memory.cache);
  });

  test("stays as it was where there is no memory to grow", async () => {
    using session = model.session();
    using other = model.session();
    const ids = tokens(200);
    for (const { state } of [session, other]) await state.prefill(0, ids.slice(0, 100), 0);
    const { createUnpooled } = small.buffers;
    let made = 0;
    small.buffers.createUnpooled = function (this: typeof small.buffers, ...args) {
      if (++made === 6) throw new GpuError("no memory");
      return createUnpooled.apply(this, args);
    };
    try {
      await expect(session.state.prefill(0, ids.slice(100), 100)).rejects.toThrow("no memory");
    } finally {
      small.buffers.createUnpooled = createUnpooled;
    }
    for (const { state } of [session, other]) await state.prefill(0, ids.slice(100), 100);
    expect(await session.state.logits.read()).toEqual(await other.state.logits.read());
    expect(session.state.cache.bytes).toBe(other.state.cache.bytes);
  });

  test("gives pages back to other rows, and ends with its session", async () => {
    await small.flush();
    const before = small.buffers.allocatedBytes;
    const cache = new SequenceCache(small, model.programs.cacheShape(3));
    await cache.reserve([{ row: 0, length: 500 }]);
    const { bytes } = cache;
    expect(await cache.resume(0, 0)).toBe(0);
    expect(await cache.reserve([1, 2].map((row) => ({ row, length: 250 })))).toBe(false);
    expect(cache.bytes).toBe(bytes);
    cache.dispose();
    expect(small.buffers.allocatedBytes).toBe(before);
  });
});

describe("latents in pages on a device without features", () =>
  goldenTests(`${goldenFolders}/deepseek-v2-lite`, { features: [] }, { cache: { layout: "paged" } }));

test("latents as f16", async () => {
  const folder = `${goldenFolders}/deepseek-v2-lite`;
  const ids = Array.from({ length: 40 }, (_, i) => (i * 7) % 96);
  const run = async (cache: CacheOptions) => {
    using session = (await load(folder, cache, 100)).session();
    return (await session.state.inspect(ids, "all")).logits.flatMap((row) => [...row]);
  };
  const exact = await run({});
  const half = await run({ dtype: "f16" });
  const { nmse } = difference(half, exact);
  expect(nmse).toBeLessThan(1e-5);
  expect(nmse).toBeGreaterThan(1e-9);
  expect(difference(await run({ dtype: "f16", layout: "paged" }), half).nmse).toBeLessThan(1e-9);
});

test.each([
  [bundledModel, { dtype: "int3" }, 'cache.dtype is "int3", expected f32, f16, int8 or int4'],
  [bundledModel, { layout: "ring" }, 'cache.layout is "ring", expected contiguous or paged'],
  [bundledModel, { type: "f16" }, "cache has no option type, expected dtype or layout"],
  [
    `${goldenFolders}/deepseek-v3`,
    { dtype: "int8" },
    'is "int8", expected f32 or f16: DeepseekV3ForCausalLM caches latents',
  ],
  [`${goldenFolders}/gpt-oss`, { dtype: "int4" }, "heads of 16 elements, expected a multiple of 32"],
])("of %s, a cache %o is refused", async (folder, cache, message) => {
  await expect(load(folder, cache as CacheOptions)).rejects.toThrow(message);
});
