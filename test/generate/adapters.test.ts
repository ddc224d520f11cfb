// Adapters next to one loaded model: each answers as the model into whose weights it is merged, and by itself.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FeedForwardWeights } from "../../src/blocks/feed-forward.ts";
import type { BlockWeights } from "../../src/blocks/transformer-block.ts";
import { openFiles } from "../../src/formats/files.ts";
import { openFolder } from "../../src/formats/folder.ts";
import type { FileSource } from "../../src/formats/source.ts";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { loadAdapter } from "../../src/generate/lora/load-adapter.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { tune } from "../../src/kernels/tuning.ts";
import { mergedFolder } from "../../src/train/lora/merge.ts";
import { readAdapter } from "../../src/train/lora/read-adapter.ts";
import { quick, quickGpu } from "../support/devices/gpu.ts";
import { blobsOf, type RandomAdapter, randomAdapter, randomAdapterSource } from "../support/devices/random-adapter.ts";

const gpu = await quickGpu();
const silent = { onWarning: () => {} };

/** The model with an adapter merged into its weights. */
async function mergedModel(source: FileSource, adapter: FileSource): Promise<LanguageModel> {
  const folder = await mergedFolder(source, await readAdapter(adapter));
  return await loadModel(gpu, openFiles(await blobsOf(folder)), silent);
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, one, i) => Math.max(most, Math.abs(one - (b[i] ?? Number.NaN))), 0);

const few = [3, 9, 4, 11, 7];
const many = Array.from({ length: 14 }, (_, i) => (i * 7 + 2) % 13);
const greedy = { maxTokens: 8, temperature: 0, ignoreEos: true } as const;

// Latent attention reads its weight by heads for a few queries, and by tokens for many; mixtures have routers and
// shared experts, of gates too; GPT-2 has one matrix for queries, keys and values, stored the other way.
describe.each([
  ["gradients-qwen3", {}],
  ["gradients-gpt2", { ranks: { c_attn: 3, "^transformer.h.1.mlp.c_fc": 1 }, alphas: { c_proj: 5 }, rslora: true }],
  ["deepseek-v2-lite", {}],
  ["deepseek-v3", { targets: ["kv_b_proj"], rank: 3, size: 0.6 }],
  ["qwen2-moe", {}],
  ["gradients-mixtral", { rank: 5, alpha: 3, targets: ["gate", "o_proj", "w1", "w2", "w3"], size: 0.6 }],
  [
    "gradients-deepseek",
    {
      rank: 4,
      ranks: { "experts.1.up_proj": 2, "experts.1.gate_proj": 1 },
      alphas: { "experts.1.up_proj": 1, "experts.1.gate_proj": 0.5 },
    },
  ],
] as const)("%s with an adapter %o", (name, given: Omit<RandomAdapter, "seed">) => {
  test("is the model with the adapter merged, to rounding, token by token too", async () => {
    const source = await openFolder(`test/golden/${name}`);
    const adapter = await randomAdapterSource(source, { seed: 5, ...given });
    using base = await loadModel(gpu, source, silent);
    using adapted = await loadAdapter(base, adapter, silent);
    using merged = await mergedModel(source, adapter);
    let moved = 0;
    for (const ids of [few, many]) {
      const [found, expected, plain] = [await adapted.score(ids), await merged.score(ids), await base.score(ids)];
      expect(worst(found, expected)).toBeLessThan(1e-4);
      moved = Math.max(moved, worst(found, plain));
    }
    expect(moved).toBeGreaterThan(1e-2); // it changes something at all
    const { rows } = await adapted.generate(few, greedy).result;
    expect(rows[0]?.tokens).toEqual((await merged.generate(few, greedy).result).rows[0]?.tokens);
  });
});

describe("several adapters on one model", () => {
  let source: FileSource;
  let base: LanguageModel;
  const adapter = (seed: number) => randomAdapterSource(source, { seed, size: 0.8 });
  beforeAll(async () => {
    source = await openFolder("test/golden/gradients-qwen3");
    base = await loadModel(gpu, source, silent);
  });
  afterAll(() => base.dispose());

  test("leave its weights in memory once, as they are, and free only their own", async () => {
    const alone = await base.score(many);
    const all = [await loadAdapter(base, await adapter(1)), await loadAdapter(base, await adapter(2))];
    for (const { decoder } of all) {
      for (const [layer, { attention, feedForward }] of (decoder.weights.blocks as BlockWeights[]).entries()) {
        const own = base.decoder.weights.blocks[layer] as BlockWeights;
        expect(attention.q.weight).toBe(own.attention.q.weight);
        expect(attention.q.adapter).toBeDefined();
        expect(feedForward.down).toMatchObject({ adapter: expect.any(Function) });
        expect((feedForward as FeedForwardWeights).up.weight).toBe((own.feedForward as FeedForwardWeights).up.weight);
      }
    }
    const [first, second] = [await all[0]?.score(many), await all[1]?.score(many)];
    expect(first).not.toEqual(second);
    expect(await base.score(many)).toEqual(alone);
    all[0]?.dispose();
    expect(await all[1]?.score(many)).toEqual(second);
    all[1]?.dispose();
    expect(await base.score(many)).toEqual(alone);
  });

  test("give all their memory back, and take none where they are refused", async () => {
    const own = await openGpu(); // that of tests keeps what is freed
    tune(own, quick);
    const model = await loadModel(own, source, silent);
    await model.score(many);
    const settled = async () => {
      await own.flush();
      own.buffers.trim();
      return own.buffers.allocatedBytes;
    };
    const before = await settled();
    for (let i = 0; i < 2; i++) {
      using adapted = await loadAdapter(model, await adapter(3));
      await adapted.score(many);
      await expect(loadAdapter(adapted, await adapter(1))).rejects.toThrow("has an adapter");
    }
    const other = await randomAdapterSource(await openFolder("test/golden/gradients-gpt2"), { seed: 1 });
    await expect(loadAdapter(model, other)).rejects.toThrow("changes transformer.h.0.attn.c_attn");
    expect(await settled()).toBe(before);
    own.close();
  });

  test("answer in turn as each does by itself: no cache crosses", async () => {
    using one = await loadAdapter(base, await adapter(1));
    using two = await loadAdapter(base, await adapter(2));
    const models = [base, one, two];
    const alone = [];
    for (const model of models) alone.push((await model.generate(few, greedy).result).rows[0]?.tokens);
    expect(new Set(alone.map(String)).size).toBe(3);
    const sessions = models.map((model) => model.session());
    for (let turn = 0; turn < 2; turn++) {
      // Begun together, so that their steps are between one another's.
      const together = sessions.map((session) => session.continueFrom(few, greedy).result);
      expect((await Promise.all(together)).map(({ rows }) => rows[0]?.tokens)).toEqual(alone);
    }
    for (const session of sessions) {
      expect(session.prefilledTokens).toBe(few.length + 1); // in the second turn only the last token
      session.dispose();
    }
  });

  test("end with it", async () => {
    const own = await loadModel(gpu, source, silent);
    const adapted = await loadAdapter(own, await adapter(1));
    const generation = adapted.generate(few, { maxTokens: 24, ignoreEos: true });
    const pieces = generation[Symbol.asyncIterator]();
    await pieces.next();
    own.dispose();
    await expect(pieces.next().then(() => pieces.next())).rejects.toThrow("was disposed");
    expect(() => adapted.generate(few)).toThrow("was disposed");
    await expect(loadAdapter(own, await adapter(1))).rejects.toThrow("was disposed");
  });

  test("an adapter of another model, next to an adapter, and an abort are refused", async () => {
    const other = await randomAdapterSource(await openFolder("test/golden/gradients-gpt2"), { seed: 1 });
    await expect(loadAdapter(base, other)).rejects.toThrow("changes transformer.h.0.attn.c_attn");
    const aborted = AbortSignal.abort(new Error("no more"));
    await expect(loadAdapter(base, await adapter(1), { signal: aborted })).rejects.toThrow("no more");
    await expect(loadAdapter(base, "no/such/adapter", silent)).rejects.toThrow("no/such/adapter");
    const blobs = await randomAdapter(source, { seed: 1 });
    const { "adapter_config.json": config, ...others } = blobs;
    expect(config).toBeDefined();
    await expect(loadAdapter(base, openFiles(others))).rejects.toThrow("adapter_config.json");
    using adapted = await loadAdapter(base, await adapter(1));
    await expect(loadAdapter(adapted, await adapter(2))).rejects.toThrow("has an adapter");
  });

  test("experts that are no tensors of their own, and factors that differ in a layer, are refused by name", async () => {
    const mixtral = await openFolder("test/golden/gradients-mixtral");
    using model = await loadModel(gpu, mixtral, silent);
    const blobs = await randomAdapter(mixtral, { seed: 1, targets: ["o_proj"] });
    const bytes = new TextDecoder("latin1").decode(await blobs["adapter_model.safetensors"]?.bytes());
    const renamed = bytes.replaceAll("self_attn.o_proj", "mlp.experts.base_layer"); // as PEFT names a whole stack
    const grown = renamed.length - bytes.length;
    const raw = Uint8Array.from(renamed, (character) => character.charCodeAt(0));
    new DataView(raw.buffer).setUint32(0, new DataView(raw.buffer).getUint32(0, true) + grown, true);
    const files = { ...blobs, "adapter_model.safetensors": new Blob([raw]) };
    await expect(loadAdapter(model, openFiles(files))).rejects.toThrow(
      /mlp\.experts\.base_layer: adapters of experts that are not tensors of their own in the checkpoint are not/,
    );
    const alphas = { "layers.1.block_sparse_moe.experts.2.w3": 7 };
    const odd = await randomAdapterSource(mixtral, { seed: 1, alphas });
    await expect(loadAdapter(model, odd)).rejects.toThrow(
      "has 2 factors α / r of model.layers.1.block_sparse_moe.experts.*.w3, expected one for all experts",
    );
  });
});
