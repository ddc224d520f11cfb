import { afterAll, describe, expect, test } from "vitest";
import { pageTokens } from "../../src/blocks/kv-cache/cache.ts";
import type { CacheOptions } from "../../src/blocks/kv-cache/cache-options.ts";
import { SequenceCache } from "../../src/blocks/kv-cache/sequence-cache.ts";
import { difference } from "../../src/check/compare.ts";
import { randomSource } from "../../src/check/random.ts";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { inspect } from "../../src/generate/look/inspection.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { cacheFormats } from "../../src/kernels/formats/formats.ts";
import { tune } from "../../src/kernels/tuning.ts";
import { bundledModel, bundledNano, goldenPrompts } from "../support/bundled.ts";
import { quick, quickGpu } from "../support/devices/gpu.ts";
import { goldenFolders, goldenTests } from "./models/golden-folder.ts";

const gpu = await quickGpu();
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

test("says in pages of f32 what is golden, in a batch whose rows end at different times", async () => {
  const model = await load(bundledModel, { layout: "paged" });
  const prompts = goldenPrompts.slice(0, 3).map(({ prompt }) => prompt);
  const { rows } = await model.generate(prompts, { temperature: 0, maxTokens: 16, stop: ["cabin"] }).result;
  expect(rows.map(({ stopReason }) => stopReason)).toEqual(["length", "stop", "length"]);
  for (const [i, { tokens }] of rows.entries()) {
    expect(tokens).toEqual(goldenPrompts[i]?.greedyTokens.slice(0, i === 1 ? tokens.length : 16));
  }
});

describe("the format of a cache", async () => {
  const [golden] = goldenPrompts;
  const ids = [...(golden?.promptTokens ?? []), ...(golden?.greedyTokens ?? [])]; // of three pages
  const logitsOf = async (cache: CacheOptions) => {
    using session = (await load(bundledNano, cache)).session();
    return (await inspect(session.state, ids, "all")).logits;
  };
  const exact = await logitsOf({});

  /** Mean negative log-likelihood of the text, in nats a token. */
  const nats = (logits: readonly Float64Array[]) =>
    ids.slice(1).reduce((sum, id, i) => {
      const row = logits[i] ?? new Float64Array();
      const most = Math.max(...row);
      return sum + most + Math.log(row.reduce((total, one) => total + Math.exp(one - most), 0)) - (row[id] ?? 0);
    }, 0) /
    (ids.length - 1);

  /** Largest error of the logits, as a share of their squares, and of perplexity, as a share of that with f32. */
  const caps = { f32: [0, 0], f16: [1e-6, 1e-3], bf16: [1e-4, 1e-2], int8: [1e-3, 1e-2], int4: [0.2, 0.1] } as const;

  test.each(cacheFormats)("pages of %s give the same bits as contiguous rows", async (dtype) => {
    const contiguous = dtype === "f32" ? exact : await logitsOf({ dtype });
    const [most, maxPerplexity] = caps[dtype];
    expect(await logitsOf({ dtype, layout: "paged" })).toEqual(contiguous);
    const { nmse, misplaced } = difference(
      contiguous.flatMap((row) => [...row]),
      exact.flatMap((row) => [...row]),
    );
    expect(misplaced).toBe(-1);
    expect(nmse).toBeLessThanOrEqual(most);
    if (dtype !== "f32") expect(nmse).toBeGreaterThan(most / 1e4); // it is stored in that type at all
    expect(Math.abs(Math.exp(nats(contiguous) - nats(exact)) - 1)).toBeLessThanOrEqual(maxPerplexity);
  });
});

describe("a rotated cache", async () => {
  const [golden] = goldenPrompts;
  const ids = [...(golden?.promptTokens ?? []), ...(golden?.greedyTokens ?? [])];
  const logitsOf = async (cache: CacheOptions, pieces: readonly number[] = [ids.length]) => {
    using session = (await load(bundledNano, cache)).session();
    let at = 0;
    for (const length of pieces) {
      await session.state.prefill(0, ids.slice(at, at + length), at);
      at += length;
    }
    return await session.state.logits.read();
  };
  const greedy = { temperature: 0, maxTokens: 24 } as const;

  test("of f32 gives the logits of one that is not", async () => {
    const { nmse, misplaced } = difference(await logitsOf({ rotate: true }), await logitsOf({}));
    expect(misplaced).toBe(-1);
    expect(nmse).toBeLessThan(1e-10);
    expect(nmse).toBeGreaterThan(0); // it is rotated at all
  });

  test("of int4 holds other numbers, and the same in pages and in pieces", async () => {
    const rotated = await logitsOf({ dtype: "int4", rotate: true });
    expect(difference(rotated, await logitsOf({ dtype: "int4" })).nmse).toBeGreaterThan(1e-6);
    expect(difference(rotated, await logitsOf({})).nmse).toBeLessThan(0.2);
    expect(await logitsOf({ dtype: "int4", rotate: true, layout: "paged" })).toEqual(rotated);
    const cut = await logitsOf({ dtype: "int4", rotate: true }, [5, ids.length - 6, 1]);
    expect(difference(cut, rotated).nmse).toBeLessThan(1e-3); // a sum's last bit may round a code up
  });

  test.each(["f32", "int8", "int4"] as const)(
    "of %s: the same tokens after a prompt in one piece and in two",
    async (dtype) => {
      const model = await load(bundledNano, { dtype, rotate: true });
      const prompt = ids.slice(0, 12);
      const { rows } = await model.generate(prompt, greedy).result;
      using session = model.session();
      await session.continueFrom(prompt.slice(0, 7), { ...greedy, maxTokens: 1 }).result;
      const { rows: again } = await session.continueFrom(prompt, greedy).result;
      expect(session.prefilledTokens).toBe(12);
      expect(again[0]?.tokens).toEqual(rows[0]?.tokens);
      expect(rows[0]?.tokens.length).toBe(24);
    },
  );
});

describe("a paged cache", async () => {
  // A small device, whose memory is that of an application.
  const small = await openGpu({ cap: { binding: 256 << 10, buffer: 1 << 20 } });
  tune(small, quick);
  const model = await loadModel(small, bundledNano, { cache: { layout: "paged", dtype: "f16" } });
  afterAll(() => small.close());
  const token = 4 * 2 * 2 * 32 * 2; // layers, keys and values, heads, their width, bytes
  const table = 4 * (256 / pageTokens);

  test("takes memory in proportion to the tokens, and little more while it grows", async () => {
    using session = model.session();
    const { cache } = session.state;
    await cache.reserve([{ row: 0, length: 129 }]); // grows, so that all that copying needs is there
    const others = small.buffers.allocatedBytes - cache.bytes;
    for (const length of [150, 180, 230, 250]) {
      await cache.reserve([{ row: 0, length }]);
      expect(cache.bytes).toBeLessThanOrEqual(token * (128 + (9 / 8) * length));
      expect(cache.bytes).toBeGreaterThanOrEqual(token * length);
      expect(small.buffers.allocatedBytes).toBe(others + cache.bytes);
    }
    expect(cache.bytes).toBe(token * 256);
    expect(cache.peakBytes).toBeLessThanOrEqual(cache.bytes * (1 + 1 / 8)); // one of 8 tensors twice
    expect(cache.peakBytes).toBeGreaterThan(cache.bytes);
  });

  test("makes no buffer, bind group or pipeline for a token unless it grows", async () => {
    using session = model.session();
    const generation = session.generate("<|whale|>The sea", { temperature: 0.8, seed: 3, maxTokens: 140 });
    const seen: string[] = [];
    for await (const _ of generation) {
      seen.push(
        [small.buffers.created, small.bindGroups.made, small.pipelines.count, session.state.cache.bytes].join(),
      );
    }
    const { memory } = await generation.result;
    const changes = seen.slice(8).filter((counts, i) => counts !== seen[7 + i]);
    expect(seen.length).toBe(140);
    expect(changes.length).toBe(1); // after 128 tokens
    expect(memory.cache).toBe(token * 256 + table);
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
    // Not bitwise: how many tokens a chunk has depends on how long the last one took, and so the order of sums does.
    const [logits, expected] = [await session.state.logits.read(), await other.state.logits.read()];
    expect(difference(logits, expected)).toMatchObject({ misplaced: -1 });
    expect(difference(logits, expected).nmse).toBeLessThan(1e-10);
    expect(session.state.cache.bytes).toBe(other.state.cache.bytes);
  });

  test("gives pages back to other rows, and ends with its session", async () => {
    await small.flush();
    const before = small.buffers.allocatedBytes;
    const cache = new SequenceCache(small, model.programs.cacheShape(3));
    await cache.reserve([{ row: 0, length: 250 }]);
    const { bytes } = cache;
    expect(await cache.resume(0, 0)).toBe(0);
    expect(await cache.reserve([1, 2].map((row) => ({ row, length: 120 })))).toBe(false);
    expect(cache.bytes).toBe(bytes);
    cache.dispose();
    expect(small.buffers.allocatedBytes).toBe(before);
  });
});

describe("latents in pages on a device without features", async () =>
  goldenTests(await quickGpu({ features: [] }), `${goldenFolders}/deepseek-v2-lite`, { cache: { layout: "paged" } }));

test("latents as f16", async () => {
  const folder = `${goldenFolders}/deepseek-v2-lite`;
  const ids = Array.from({ length: 40 }, (_, i) => (i * 7) % 96); // of two pages
  const run = async (cache: CacheOptions) => {
    using session = (await load(folder, cache, 100)).session();
    return (await inspect(session.state, ids, "all")).logits.flatMap((row) => [...row]);
  };
  const exact = await run({});
  const half = await run({ dtype: "f16" });
  const { nmse } = difference(half, exact);
  expect(nmse).toBeLessThan(1e-5);
  expect(nmse).toBeGreaterThan(1e-9);
  expect(difference(await run({ dtype: "f16", layout: "paged" }), half).nmse).toBeLessThan(1e-9);
});

test.each([
  [bundledModel, { dtype: "int3" }, 'cache.dtype is "int3", expected "f32" or "f16" or "bf16" or "int8" or "int4"'],
  [bundledModel, { layout: "ring" }, 'cache.layout is "ring", expected "contiguous" or "paged"'],
  [bundledModel, { rotate: 1 }, "cache.rotate is 1, expected true or false"],
  [`${goldenFolders}/deepseek-v3`, { rotate: true }, "cache.rotate is true, expected false: DeepseekV3ForCausalLM"],
  [bundledModel, { type: "f16" }, "there is no option cache.type; did you mean dtype?"],
  [
    `${goldenFolders}/deepseek-v3`,
    { dtype: "int8" },
    'is "int8", expected f32, f16 or bf16: DeepseekV3ForCausalLM caches latents',
  ],
  [`${goldenFolders}/gpt-oss`, { dtype: "int4" }, "heads of 16 elements, expected a multiple of 32"],
])("of %s, a cache %o is refused", async (folder, cache, message) => {
  await expect(load(folder, cache as CacheOptions)).rejects.toThrow(message);
});
