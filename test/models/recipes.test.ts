import { describe, expect, test } from "vitest";
import type { BlockWeights } from "../../src/blocks/transformer-block.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { planLoad } from "../../src/generate/load/plan-load.ts";
import { type Recipe, recipes, recipeType } from "../../src/models/decoders/recipes.ts";
import type { DecoderWeights } from "../../src/models/weights/weights.ts";
import { roundTo } from "../../src/tensor/formats/formats.ts";
import { loadPackedFormats } from "../../src/tensor/formats/packed.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { bundledMixture, bundledModel } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

await loadPackedFormats();

const gpu = await quickGpu();

/** The layers of a model in which a recipe gives a matrix this type. */
const layersOf = (recipe: Recipe, key: string, type: string, layers: number, experts = 0) =>
  Array.from({ length: layers }, (_, layer) => layer).filter(
    (layer) => recipeType(recipe, key, layer, { layers, experts, tied: false }) === type,
  );

describe("llama.cpp's rules", () => {
  test("q4_k_m: half of 32 layers have more bits in the values and the last matrix", () => {
    const half = [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31];
    for (const key of ["v", "down"]) {
      expect(layersOf("q4_k_m", key, "q6_k", 32)).toEqual(half);
      expect(layersOf("q4_k_m", key, "q4_k", 32)).toHaveLength(16);
    }
    expect(layersOf("q4_k_m", "v", "q6_k", 22)).toEqual([0, 1, 4, 7, 10, 13, 16, 19, 20, 21]);
  });

  test("q4_k_s: the first four layers in the values, the first eighth in the last matrix", () => {
    expect(layersOf("q4_k_s", "v", "q5_k", 32)).toEqual([0, 1, 2, 3]);
    expect(layersOf("q4_k_s", "down", "q5_k", 32)).toEqual([0, 1, 2, 3]);
    expect(layersOf("q4_k_s", "down", "q5_k", 22)).toEqual([0, 1]);
  });

  test("models of eight experts have more bits in attention", () => {
    expect(layersOf("q4_k_m", "v", "q8_0", 4, 8)).toEqual([0, 1, 2, 3]);
    expect(layersOf("q4_0", "k", "q8_0", 4, 8)).toEqual([0, 1, 2, 3]);
    expect(layersOf("q4_k_s", "output", "q5_k", 4, 8)).toEqual([0, 1, 2, 3]);
    expect(layersOf("q4_0", "output", "q4_0", 4, 8)).toEqual([0, 1, 2, 3]);
    expect(layersOf("q4_k_m", "k", "q4_k", 4, 60)).toEqual([0, 1, 2, 3]);
  });

  test.each(recipes)("%s: the head has six bits or eight, the embedding only where it is one", (recipe) => {
    const type = (key: string, tied: boolean) => recipeType(recipe, key, 0, { layers: 8, experts: 0, tied });
    const head = recipe === "q8_0" ? "q8_0" : "q6_k";
    expect([type("head", false), type("embedding", true)]).toEqual([head, head]);
    expect(type("embedding", false)).toBe(recipe.startsWith("q4_k") ? "q4_k" : recipe);
    expect(["router", "sharedGate", "positions"].map((key) => type(key, false))).toEqual(["f32", "f32", "stored"]);
  });
});

/** The matrices of a model that recipes tell apart. */
function matricesOf({ embedding, head, blocks }: DecoderWeights): Record<string, Tensor | undefined> {
  const layers = (blocks as readonly BlockWeights[]).map(({ attention, feedForward }, i) => {
    const { q, k, v, output } = attention;
    const inner =
      "router" in feedForward
        ? { router: feedForward.router.weight, gateUp: feedForward.gateUp, down: feedForward.down }
        : { up: feedForward.up.weight, gate: feedForward.gate?.weight, down: feedForward.down.weight };
    const all = { q: q.weight, k: k.weight, v: v.weight, output: output.weight, ...inner };
    return Object.entries(all).map(([key, tensor]) => [`${i} ${key}`, tensor] as const);
  });
  return Object.fromEntries([["embedding", embedding], ["head", head.weight], ...layers.flat()]);
}

describe.each([
  [bundledModel, { "0 v": "q4_k", "2 v": "q6_k", "5 down": "q6_k", "4 down": "q4_k", "3 up": "q4_k" }],
  [bundledMixture, { "1 v": "q8_0", "1 k": "q8_0", "1 q": "q4_k", "1 output": "q5_k", "0 router": "f32" }],
] as const)("%s, quantised as it is loaded", (folder, some) => {
  test("is what its matrices are when they are rounded to their types", async () => {
    const warnings: string[] = [];
    const onWarning = (line: string) => warnings.push(line);
    using stored = await loadModel(gpu, folder);
    using model = await loadModel(gpu, folder, { weights: "q4_k_m", onWarning });
    expect(warnings).toEqual([]);
    const [before, after] = [matricesOf(stored.decoder.weights), matricesOf(model.decoder.weights)];
    const types = Object.fromEntries(Object.entries(after).map(([name, tensor]) => [name, tensor?.dtype]));
    expect(types).toMatchObject({ embedding: "q6_k", ...some });
    for (const name of Object.keys(some)) {
      const { shape, dtype } = after[name] ?? stored.decoder.weights.embedding;
      const [read, expected] = [await after[name]?.read(), roundTo(dtype, shape, (await before[name]?.read()) ?? [])];
      expect(read?.length).toBe(expected.length);
      expect(expected.findIndex((value, i) => value !== read?.[i])).toBe(-1);
    }
  });
});

test("the more bits a recipe has, the less it changes what a model predicts", async () => {
  const logprobs: Float64Array[] = [];
  for (const weights of [undefined, "q8_0", "q6_k", "q4_0"] as const) {
    using model = await loadModel(gpu, bundledModel, { weights });
    logprobs.push(await model.score("<|whale|>The captain stood upon the deck, and the sea was calm before him."));
  }
  const [exact = new Float64Array(), ...rounded] = logprobs;
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const changes = rounded.map((values) => mean(values.map((value, i) => Math.abs(value - (exact[i] ?? 0)))));
  console.log(`mean change of a token's logprob: q8_0, q6_k, q4_0: ${changes.map((change) => change.toFixed(4))}`);
  expect(changes[0]).toBeGreaterThan(0);
  expect(changes[0]).toBeLessThan(0.02);
  expect(changes[1]).toBeLessThan(0.06);
  expect(changes[2]).toBeGreaterThan(3 * (changes[1] ?? 1));
});

test("rows that do not divide into blocks have other types, which is said once for each", async () => {
  const warnings: string[] = [];
  const folder = "test/golden/qwen3-moe"; // 32 wide, experts of 24 and layers of 48
  using model = await loadModel(gpu, folder, { weights: "q4_k_m", onWarning: (line) => warnings.push(line) });
  const of = matricesOf(model.decoder.weights);
  const types = ["embedding", "head", "0 q", "0 v", "0 output", "0 down", "1 down", "1 router"].map((name) => of[name]);
  expect(types.map((tensor) => tensor?.dtype)).toEqual(
    ["q5_0", "q8_0", "q5_0", "q8_0", "q5_1", "f16", "f16", "f32"], // of q4_k, q6_k, q4_k, q8_0, q5_k, q6_k and q4_k
  );
  const said = (columns: number, wanted: string, type: string, many: string) =>
    `q4_k_m: rows of ${columns} are no multiple of the blocks of ${wanted}: ${type} in its place, for ${many}`;
  expect(warnings).toHaveLength(7);
  expect(warnings).toContain(said(32, "q4_k", "q5_0", "11 matrices"));
  expect(warnings).toContain(said(32, "q6_k", "q8_0", "1 matrix"));
  expect(warnings).toContain(said(24, "q6_k", "f16", "1 matrix"));
});

test("a type for all and a recipe exclude each other", async () => {
  const both = { dtype: "f16", weights: "q4_0" } as const;
  const message = "dtype is f16 and weights is q4_0, expected one of them";
  await expect(loadModel(gpu, bundledModel, both)).rejects.toThrow(`loadModel: ${message}`);
  await expect(planLoad(bundledModel, both)).rejects.toThrow(`planLoad: ${message}`);
  await expect(loadModel(gpu, bundledModel, { weights: "q3" as "q4_0" })).rejects.toThrow(
    'loadModel: weights is "q3", expected "q8_0" or "q6_k" or "q4_k_m" or "q4_k_s" or "q4_0"',
  );
});
