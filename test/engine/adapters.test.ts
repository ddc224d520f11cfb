// Adapters of a loaded model in an engine: requests choose one by its id.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setAdapters } from "../../src/engine/direct/adapters.ts";
import { adaptersForEngines } from "../../src/engine/direct/load-adapters.ts";
import type { Engine, EngineEvent } from "../../src/engine/engine.ts";
import { openFolder } from "../../src/formats/folder.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { loadAdapter } from "../../src/generate/lora/load-adapter.ts";
import { destroyable } from "../support/devices/destroyable.ts";
import { quickEngines, quickGpu } from "../support/devices/gpu.ts";
import { randomAdapter, randomAdapterSource } from "../support/devices/random-adapter.ts";
import { openAcrossPort } from "./openers.ts";

quickEngines();
const gpu = await quickGpu();
setAdapters(adaptersForEngines);
const devices = await destroyable();
const folder = "test/golden/gradients-qwen3";
const source = await openFolder(folder);
const [one, two] = [
  await randomAdapter(source, { seed: 1, size: 0.8 }),
  await randomAdapter(source, { seed: 2, size: 0.8 }),
];
const tokens = [3, 9, 4, 11, 7];
const greedy = { tokens, temperature: 0, maxTokens: 6, ignoreEos: true } as const;

/** What the library's own models say, by the ids of the engines'. */
const expected: Record<string, readonly number[]> = {};
beforeAll(async () => {
  using base = await loadModel(gpu, source);
  const { tokens: prompt, ...options } = greedy;
  for (const [id, seed] of Object.entries({ base: 0, one: 1, two: 2 })) {
    const model = seed ? await loadAdapter(base, await randomAdapterSource(source, { seed, size: 0.8 })) : base;
    expected[id] = (await model.generate(prompt, options).result).rows[0]?.tokens ?? [];
  }
  expect(new Set(Object.values(expected).map(String)).size).toBe(3);
});
afterAll(() => devices.end());

describe("on the other side of a port", () => {
  let engine: Engine;
  const events: EngineEvent["type"][] = [];
  beforeAll(async () => {
    engine = await openAcrossPort({ concurrency: 2 });
    engine.onEvent(({ type }) => events.push(type));
    await engine.load(folder, { id: "base" });
    await engine.load(one, { id: "one", base: "base" });
    await engine.load(two, { id: "two", base: "base", speculative: { kind: "prompt-lookup" } });
  });
  afterAll(() => engine.dispose());
  const ask = async (model?: string) => {
    const { tokens: found, cachedTokens } = await engine.generate({ ...greedy, ...(model ? { model } : {}) }).result;
    return { found, cachedTokens };
  };

  test("they are listed with their model, which answers where none is named", async () => {
    const { data } = await engine.models.list();
    expect(data.map(({ id, parent }) => [id, parent])).toEqual([
      ["base", undefined],
      ["one", "base"],
      ["two", "base"],
    ]);
    const infos = await engine.loaded();
    expect(infos.map(({ id, base, kind }) => [id, base, kind])).toEqual([
      ["base", undefined, "decoder"],
      ["one", "base", "decoder"],
      ["two", "base", "decoder"],
    ]);
    expect((await ask()).found).toEqual(expected["base"]);
    const { model } = await engine.completions.create({ prompt: tokens, max_tokens: 1 });
    expect(model).toBe("base");
  });

  test("each answers as itself, and takes what is cached of its own requests alone", async () => {
    const fresh = { base: 0, one: 0, two: 0 };
    await engine.generate({ ...greedy, tokens: [1, 2, 3, 4, 5, 6, 7], model: "base" }).result; // another prompt's cache
    for (const id of ["one", "two", "base"] as const) {
      const { found, cachedTokens } = await ask(id);
      expect(found).toEqual(expected[id]);
      fresh[id] = cachedTokens;
    }
    expect(fresh).toMatchObject({ one: 0, two: 0 });
    for (const id of ["one", "two", "base"] as const) {
      expect(await ask(id)).toEqual({ found: expected[id], cachedTokens: tokens.length - 1 });
    }
  });

  test("requests for several at once get each its own answer, more than take turns at once", async () => {
    const ids = ["one", "base", "two", "two", "one"];
    const answers = await Promise.all(ids.map((id) => ask(id)));
    expect(answers.map(({ found }) => found)).toEqual(ids.map((id) => expected[id]));
  });

  test("an id that is not there is a 404 that names those that are", async () => {
    const error = await engine.completions.create({ model: "three", prompt: tokens }).catch((one: unknown) => one);
    expect(error).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
    expect((error as Error).message).toBe('the model "three" is not loaded; there are base, one, two');
  });

  test("what an adapter cannot be loaded with is refused, and leaves its id free", async () => {
    const load = (options: object) => engine.load(one, { id: "other", ...options });
    await expect(load({ base: "none" })).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    await expect(load({ base: "one" })).rejects.toThrow("has an adapter");
    expect(() => load({ base: 1 })).toThrow("load: base is 1, expected a text");
    for (const [option, value] of Object.entries({
      context: 8,
      dtype: "f16",
      weights: "q8_0",
      verify: false,
      tuned: true,
      cache: { dtype: "f16" },
      chatTemplate: "{{ messages }}",
      speculative: { kind: "draft", from: folder },
    })) {
      await expect(load({ base: "base", [option]: value })).rejects.toMatchObject({ status: 400, param: option });
    }
    await expect(engine.load(folder, { id: "other", base: "base" })).rejects.toThrow("adapter_config.json");
    await expect(load({ base: "base", id: "one" })).rejects.toMatchObject({ status: 409, code: "model_exists" });
    await load({ base: "base" });
    await engine.unload("other");
    expect(await ask("one")).toMatchObject({ found: expected["one"] });
  });

  test("they are there again after the loss of the device, in the middle of an answer too", async () => {
    events.length = 0;
    const generation = engine.generate({ ...greedy, model: "two" });
    let pieces = 0;
    for await (const _piece of generation) if (++pieces === 2) devices.destroy();
    expect((await generation.result).tokens).toEqual(expected["two"]);
    expect(events).toEqual(["device-lost", "device-restored"]);
    for (const id of ["one", "base", "two"]) expect((await ask(id)).found).toEqual(expected[id]);
  });

  test("they end with their model, and alone", async () => {
    await engine.unload("one");
    expect((await ask("two")).found).toEqual(expected["two"]);
    await expect(ask("one")).rejects.toMatchObject({ status: 404 });
    await engine.unload("base");
    expect(await engine.loaded()).toEqual([]);
    await expect(ask("two")).rejects.toMatchObject({ status: 404 });
  });
});
