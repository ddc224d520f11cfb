// Adapters of a model that has a draft model: it proposes without the adapter, and answers are those of the adapter.
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine } from "../../src/engine/create-engine.ts";
import { setAdapters } from "../../src/engine/direct/adapters.ts";
import { adaptersForEngines } from "../../src/engine/direct/load-adapters.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { openFolder } from "../../src/formats/folder.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { loadAdapter } from "../../src/generate/lora/load-adapter.ts";
import { destroyable } from "../support/devices/destroyable.ts";
import { quickEngines, quickGpu } from "../support/devices/gpu.ts";
import { randomAdapter, randomAdapterSource } from "../support/devices/random-adapter.ts";

quickEngines();
const gpu = await quickGpu();
setAdapters(adaptersForEngines);
const devices = await destroyable();
const folder = "test/golden/gradients-qwen3";
const source = await openFolder(folder);
const tokens = [3, 9, 4, 11, 7];
const greedy = { temperature: 0, maxTokens: 8, ignoreEos: true } as const;
// Small enough that the model without it often proposes what the adapter would say, and large enough that not always.
const given = { seed: 1, size: 0.3 };

let engine: Engine;
let expected: readonly number[] = [];
beforeAll(async () => {
  using base = await loadModel(gpu, source);
  using adapted = await loadAdapter(base, await randomAdapterSource(source, given));
  expected = (await adapted.generate(tokens, greedy).result).rows[0]?.tokens ?? [];
  // In the library a draft model is any model on the device: here the model without its adapter.
  const { rows, speculative } = await adapted.generate(tokens, {
    ...greedy,
    speculative: { kind: "draft", model: base },
  }).result;
  expect(rows[0]?.tokens).toEqual(expected);
  expect(speculative?.drafted).toBeGreaterThan(0);
  expect((await base.generate(tokens, greedy).result).rows[0]?.tokens).not.toEqual(expected);
  engine = await createEngine({ concurrency: 2 });
  await engine.load(folder, { id: "base", speculative: { kind: "draft", from: folder, tokens: 2 } });
  await engine.load(await randomAdapter(source, given), { id: "adapter", base: "base" });
});
afterAll(async () => {
  await engine.dispose();
  devices.end();
});

const ask = async (options: object = {}) =>
  await engine.generate({ tokens, ...greedy, model: "adapter", ...options }).result;

test("the model's draft proposes for its adapter, whose answer stays its own", async () => {
  const found = await ask();
  expect(found.tokens).toEqual(expected);
  const { drafted = 0, accepted = 0 } = found.speculative ?? {};
  console.log(`drafted ${drafted}, accepted ${accepted}`);
  expect(drafted).toBeGreaterThan(accepted); // what the adapter would not say is not in the text
  expect((await engine.loaded()).map(({ id, draft }) => [id, draft])).toEqual([
    ["base", folder],
    ["adapter", folder],
  ]);
});

test("a request may have other proposals, or none", async () => {
  for (const speculative of [{ kind: "draft", tokens: 5 }, { kind: "prompt-lookup" }, "none"] as const) {
    const found = await ask({ speculative });
    expect(found.tokens).toEqual(expected);
    expect(found.speculative === undefined).toBe(speculative === "none");
  }
});

test("requests for the model and its adapter at once have each its own answer", async () => {
  const alone = await ask({ model: "base" });
  expect(alone.tokens).not.toEqual(expected);
  const answers = await Promise.all(["adapter", "base", "adapter"].map((model) => ask({ model })));
  expect(answers.map((answer) => answer.tokens)).toEqual([expected, alone.tokens, expected]);
});

test("the draft model is there again after the loss of the device, and outlives an adapter", async () => {
  const generation = engine.generate({ tokens, ...greedy, model: "adapter" });
  let pieces = 0;
  for await (const _piece of generation) if (++pieces === 2) devices.destroy();
  expect((await generation.result).tokens).toEqual(expected);
  expect((await ask()).speculative?.drafted).toBeGreaterThan(0);
  await engine.unload("adapter");
  expect((await ask({ model: "base" })).speculative?.drafted).toBeGreaterThan(0);
});
