import { rm } from "node:fs/promises";
import { afterAll, describe, expect, test } from "vitest";
import { toGguf } from "../../../src/convert/to-gguf.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import { inGguf } from "../../../src/formats/gguf-name.ts";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import { type ModelFolder, readModelFolder } from "../../../src/generate/load/model-folder.ts";
import { attentionFactor, inverseFrequencies } from "../../../src/kernels/rope/table.ts";
import { transposed } from "../../../src/models/weights/stored-rows.ts";
import { memorySource } from "../../formats/checkpoint-bytes.ts";
import { bundledModel, bundledNano } from "../../support/bundled.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { familyShapes } from "../../support/models/family-shapes.ts";
import { writeRandomModel } from "../../support/models/random-model.ts";
import { ggufConfigs } from "./gguf-models.ts";
import { ggufOfFolder } from "./gguf-of-folder.ts";

const gpu = await quickGpu();
const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

const opened = (file: Uint8Array<ArrayBuffer>) => inGguf(memorySource({ "m.gguf": file }), "m.gguf");

/** The elements of a tensor, in the order of a Hugging Face checkpoint. */
async function elementsOf({ weights }: ModelFolder, name: string): Promise<Float32Array> {
  const tensor = weights.get(name);
  const bytes = await weights.read(tensor, 0, tensor.end - tensor.begin);
  const stored = new Float32Array(bytes.slice().buffer);
  const elements = tensor.added === undefined ? stored : stored.map((value) => value - (tensor.added ?? 0));
  return (tensor.transposed ? transposed(elements, tensor.shape.toReversed()) : elements) as Float32Array;
}

/**
 * A config without what GGUF has other words for: the scaling of positions, and experts that are in every layer. Its
 * epsilons are f32.
 */
function comparable({ config }: ModelFolder) {
  const { positions, mixture, scales, state, ...rest } = config;
  const { scaling: _, ...others } = positions.kind === "rope" ? positions : { ...positions, scaling: undefined };
  return {
    ...rest,
    eps: Math.fround(config.eps),
    state: state?.kind === "mamba" ? { ...state, eps: Math.fround(state.eps) } : state,
    positions: others,
    mixture: mixture && { ...mixture, dense: mixture.dense ?? [] },
  };
}

/** Cosine and sine factors and frequencies of all pairs, for short and for long sequences. */
function frequencies({ config: { positions, context } }: ModelFolder) {
  if (positions.kind !== "rope") return [];
  const both = [16, context].flatMap((length) => [...inverseFrequencies(positions, length)]);
  return [...both, attentionFactor(positions.scaling)];
}

describe("a GGUF file", () => {
  test.each(Object.entries(ggufConfigs()))("of a random model says what its folder says: %s", async (_, config) => {
    const { folder } = await writeRandomModel(config, familyShapes(config), "f32");
    folders.push(folder);
    const given = await readModelFolder(await openFolder(folder));
    const found = await readModelFolder(opened(await ggufOfFolder(folder, { dtype: "f32" })));
    expect(found.warnings).toEqual([]);
    expect(comparable(found)).toEqual(comparable(given));
    for (const [i, value] of frequencies(given).entries()) expect(frequencies(found)[i]).toBeCloseTo(value, 6);
    for (const [i, value] of (given.config.scales ?? []).entries())
      expect(found.config.scales?.[i]).toBeCloseTo(value, 7);
    // Qwen3-Next's projections are split in files; test/generate/models/gguf-states compares what they give.
    const isSplit = given.config.architecture === "Qwen3NextForCausalLM" ? /in_proj_(qkvz?|z)\.weight$/ : /^$/;
    const namesOf = ({ weights }: ModelFolder) =>
      [...weights.tensors.keys()].filter((name) => !isSplit.test(name)).toSorted();
    expect(namesOf(found)).toEqual(namesOf(given));
    for (const name of namesOf(given)) {
      const [own, wanted] = [await elementsOf(found, name), await elementsOf(given, name)];
      // 1 was added to weights of norms, which rounds them; decays are stored as they are used.
      const { added = 0, negExp } = found.weights.get(name);
      const stored = (value: number) => (negExp ? Math.fround(-Math.exp(value)) : Math.fround(value + added) - added);
      const same = (value: number, i: number) => own[i] === stored(value);
      expect(own.length === wanted.length && wanted.every(same), name).toBe(true);
    }
    expect(found.tokenizer.encode("Call me Ishmael. 123 <|whale|>")).toEqual(
      given.tokenizer.encode("Call me Ishmael. 123 <|whale|>"),
    );
    expect(found.defaults.eos).toEqual(given.defaults.eos);
  });

  test("whose ends of YaRN's ramp llama.cpp does not read is written with a word of it", async () => {
    const config = ggufConfigs()["qwen2"] ?? {};
    const scaling = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 64, beta_fast: 16, beta_slow: 1 };
    const { folder } = await writeRandomModel({ ...config, rope_scaling: scaling }, familyShapes(config), "f32");
    folders.push(folder);
    const { warnings } = await toGguf(await openFolder(folder), {});
    expect(warnings).toEqual([
      "config.json: rope_scaling.beta_fast is 16: llama.cpp does not read it in files of kind qwen2 and takes 32",
    ]);
  });

  test("computes what its folder does, also where matrices are transposed or in blocks", async () => {
    const config = ggufConfigs()["gpt2"] ?? {};
    const { folder } = await writeRandomModel(config, familyShapes(config), "f32");
    folders.push(folder);
    const tokens = [0, 17, 300, 42, 5, 1999, 17, 300];
    using fromFolder = await loadModel(gpu, folder);
    using fromGguf = await loadModel(gpu, opened(await ggufOfFolder(folder, { dtype: "f32" })));
    using packed = await loadModel(gpu, opened(await ggufOfFolder(folder, { dtype: "q8_0" })));
    const expected = await fromFolder.score(tokens);
    expect(await fromGguf.score(tokens)).toEqual(expected);
    const differences = (await packed.score(tokens)).map((value, i) => Math.abs(value - (expected[i] ?? 0)));
    expect(Math.max(...differences)).toBeGreaterThan(0);
    expect(Math.max(...differences)).toBeLessThan(0.2);
  });

  test("of a bundled model writes the same text", async () => {
    using fromFolder = await loadModel(gpu, bundledNano, { dtype: "f16" });
    using fromGguf = await loadModel(gpu, opened(await ggufOfFolder(bundledNano, { dtype: "f16" })));
    const options = { temperature: 0, maxTokens: 12 };
    const { text } = await fromFolder.generate("<|whale|>Call me", options).result;
    expect((await fromGguf.generate("<|whale|>Call me", options).result).text).toBe(text);
  });

  test("quantised by a recipe is what a folder is that is quantised while it is loaded", async () => {
    const tokens = [0, 3, 100, 200, 300, 400, 17, 42];
    using fromFolder = await loadModel(gpu, bundledModel, { weights: "q4_k_m" });
    using fromGguf = await loadModel(gpu, opened(await ggufOfFolder(bundledModel, { weights: "q4_k_m" })));
    expect(await fromGguf.score(tokens)).toEqual(await fromFolder.score(tokens));
    expect(fromGguf.decoder.weights.bytes).toBe(fromFolder.decoder.weights.bytes);
  });
});
