import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { storedNumbers } from "../../../src/convert/stored-numbers.ts";
import { toFolder } from "../../../src/convert/to-folder.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import { readGguf } from "../../../src/formats/gguf/entry.ts";
import type { GgufValue } from "../../../src/formats/gguf/header.ts";
import { inGguf } from "../../../src/formats/gguf-name.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { loadModel, type ModelOptions } from "../../../src/generate/load/load-model.ts";
import { type ModelFolder, readModelFolder } from "../../../src/generate/load/model-folder.ts";
import { inspect } from "../../../src/generate/look/inspection.ts";
import { memorySource } from "../../formats/checkpoint-bytes.ts";
import { ggufFile, text, u32 } from "../../formats/gguf-files.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { familyShapes } from "../../support/models/family-shapes.ts";
import { writeRandomModel } from "../../support/models/random-model.ts";
import { ggufConfigs } from "./gguf-models.ts";
import { ggufOfFolder, written } from "./gguf-of-folder.ts";
import { goldenFolders } from "./golden-folder.ts";

const gpu = await quickGpu();

/** The golden folder, whose tokenizer splits words as GPT-2's, which GGUF has a name for. */
function goldenFolder(): FileSource {
  const read = (file: string) => readFileSync(`${goldenFolders}/lfm2/${file}`);
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const tokenizer = JSON.parse(read("tokenizer.json").toString());
  const splitting = { ...tokenizer.pre_tokenizer, use_regex: true };
  return memorySource({
    "config.json": read("config.json"),
    "tokenizer.json": json({ ...tokenizer, pre_tokenizer: splitting }),
    "model.safetensors": read("model.safetensors"),
  });
}

const inMemory = (file: Uint8Array) => memorySource({ "m.gguf": file });
const opened = (file: Uint8Array) => inGguf(inMemory(file), "m.gguf");
const tokens = Array.from({ length: 24 }, (_, i) => (7 * i * i + 3 * i) % 96);

async function logitsOf(source: FileSource, options: ModelOptions = {}): Promise<ArrayLike<number>[]> {
  using model = await loadModel(gpu, source, { ...options, onWarning: () => {} });
  using session = model.session();
  return [...(await inspect(session.state, tokens, "all")).logits];
}

test("a GGUF file of an LFM2 gives the logits of its folder, bit for bit", async () => {
  const folder = goldenFolder();
  const expected = await logitsOf(folder);
  expect(new Set(expected.flatMap((row) => Array.from(row))).size).toBeGreaterThan(1000);
  expect(await logitsOf(opened(await ggufOfFolder(folder, { dtype: "f32" })))).toEqual(expected);
  const rounded = await logitsOf(opened(await ggufOfFolder(folder, { dtype: "f16" })));
  expect(rounded).toEqual(await logitsOf(folder, { dtype: "f16" }));
  expect(rounded).not.toEqual(expected);
  const quantised = await logitsOf(opened(await ggufOfFolder(folder, { weights: "q8_0" })));
  expect(quantised).toEqual(await logitsOf(folder, { weights: "q8_0" }));
});

/** A folder of random weights, and its removal. */
async function randomFolder(config: Readonly<Record<string, unknown>>) {
  const { folder } = await writeRandomModel(config, familyShapes(config), "f32");
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The numbers that a tensor is stored as. */
async function numbersOf({ weights }: ModelFolder, name: string): Promise<Float64Array> {
  const tensor = weights.get(name);
  return storedNumbers(tensor, await weights.read(tensor, 0, tensor.end - tensor.begin));
}

/** Tensors of f32 of the first layer, with their shapes in files. */
const ofMamba = { ssm_a: [4, 1], ssm_d: [4, 1], "ssm_norm.weight": [1, 128] };
const ofDeltaNet = { ssm_a: [4], "ssm_conv1d.weight": [256, 4], "ssm_norm.weight": [32] };
const kinds = {
  mamba2: ofMamba,
  granitehybrid: ofMamba,
  "granitehybrid with experts": ofMamba,
  qwen3next: ofDeltaNet,
  qwen35: ofDeltaNet,
  qwen35moe: ofDeltaNet,
} as const;

test.each(Object.entries(kinds))(
  "a GGUF file gives the logits of its folder, bit for bit, and its folder again: %s",
  async (name, shapes) => {
    const config = ggufConfigs()[name] ?? {};
    const folder = await randomFolder(config);
    const source = await openFolder(folder);
    const experts = Number(config["num_local_experts"] ?? config["num_experts"] ?? 0) > 0;
    // Routers stay f32 in files.
    const rounded = [{ dtype: "f16" }, { weights: "q8_0" }] as const;
    for (const options of [{ dtype: "f32" } as const, ...(experts ? [] : rounded)]) {
      const [found, expected] = [
        await logitsOf(opened(await ggufOfFolder(folder, options))),
        await logitsOf(source, options),
      ];
      // Not toEqual, which prints all logits.
      expect(found.every((row, i) => String(row) === String(expected[i]))).toBe(true);
    }
    const file = await ggufOfFolder(folder, { weights: "q8_0" });
    const { facts } = await readGguf(inMemory(file), "m.gguf");
    for (const [name, shape] of Object.entries(shapes)) {
      expect(facts.tensors.get(`blk.0.${name}`)).toMatchObject({ shape, dtype: "F32" });
    }
    const back = await backOf(file);
    expect(back.config).toEqual((await readModelFolder(opened(file))).config);
    const given = await readModelFolder(source);
    expect([...back.weights.tensors.keys()].toSorted()).toEqual([...given.weights.tensors.keys()].toSorted());
    for (const [name, { shape }] of given.weights.tensors) {
      expect(back.weights.get(name).shape).toEqual(shape);
      const [own, wanted] = [await numbersOf(back, name), await numbersOf(given, name)];
      const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(
        own.every((value, i) => Math.abs(value - (wanted[i] ?? 0)) <= 0.01 * largest + 1e-3),
        name,
      ).toBe(true);
    }
  },
);

test.each([
  ["mamba2", { n_groups: 2 }, "n_groups is 2: readers of GGUF files of kind mamba2"],
  ["mamba2", { use_bias: true }, "use_bias is true, which GGUF files of kind mamba2"],
  ["granitehybrid", { mamba_n_groups: 2 }, "mamba_n_groups is 2: readers of GGUF files of kind granitehybrid"],
  ["granitehybrid", { mamba_proj_bias: true }, "mamba_proj_bias is true, which GGUF files of kind granitehybrid"],
  ["granitehybrid", { position_embedding_type: "rope" }, "position_embedding_type is rope"],
])("what files of state spaces cannot say is refused by name: %s, %o", async (name, changes, problem) => {
  const folder = await randomFolder({ ...ggufConfigs()[name], ...changes });
  await expect(ggufOfFolder(folder, {})).rejects.toThrow(`config.json: ${problem}`);
});

test("its convolutions are matrices of f32 there, and heads are counted for each layer", async () => {
  const { facts } = await readGguf(inMemory(await ggufOfFolder(goldenFolder(), { weights: "q8_0" })), "m.gguf");
  const found = (name: string) => facts.tensors.get(name);
  expect(found("blk.0.shortconv.conv.weight")).toMatchObject({ shape: [32, 3], dtype: "F32" });
  expect(found("blk.0.shortconv.in_proj.weight")).toMatchObject({ shape: [96, 32], dtype: "Q8_0" });
  expect(found("token_embd_norm.weight")).toMatchObject({ shape: [32], dtype: "F32" });
  expect(facts.list("attention.head_count_kv")).toEqual([0, 2, 0, 0, 2]);
  expect(facts.number("shortconv.l_cache")).toBe(3);
  // Two thirds of 80, rounded up to blocks of 8.
  expect(facts.number("feed_forward_length")).toBe(56);
});

/** The folder that a file is converted to. */
async function backOf(file: Uint8Array): Promise<ModelFolder & { readonly json: unknown }> {
  const folder = await toFolder(inMemory(file), "m.gguf");
  const small = Object.entries(folder.files).map(([name, content]) => [name, new TextEncoder().encode(content)]);
  const bytes = { "model.safetensors": await written(folder) };
  const found = await readModelFolder(memorySource({ ...Object.fromEntries(small), ...bytes }));
  return Object.assign(found, { json: JSON.parse(folder.files["config.json"] ?? "") });
}

test("converted back to a folder it is the same model", async () => {
  const file = await ggufOfFolder(goldenFolder(), { dtype: "f16" });
  const { config, weights, json } = await backOf(file);
  expect(json).toMatchObject({
    model_type: "lfm2",
    norm_eps: expect.closeTo(1e-5),
  });
  expect(config).toEqual((await readModelFolder(opened(file))).config);
  expect(weights.get("model.layers.0.conv.conv.weight").shape).toEqual([32, 1, 3]);
});

test("biases of convolutions are refused by name: files have no tensors for them", async () => {
  const config = { ...ggufConfigs()["lfm2"], conv_bias: true };
  const folder = await randomFolder(config);
  await expect(ggufOfFolder(folder, {})).rejects.toThrow(
    "config.json: conv_bias is true, which GGUF files of kind lfm2",
  );
});

test("columns of several value heads in one block are decoded, in the order of a folder", async () => {
  const config = { ...ggufConfigs()["qwen35"], linear_num_value_heads: 8 };
  const file = await ggufOfFolder(await randomFolder(config), { weights: "q4_k_m" });
  const { facts } = await readGguf(inMemory(file), "m.gguf");
  const inFile = facts.tensors.get("blk.0.ssm_out.weight");
  const model = await readModelFolder(opened(file));
  const name = "model.layers.0.linear_attn.out_proj.weight";
  expect([inFile?.dtype, model.weights.get(name).dtype]).toEqual(["Q4_K", "F32"]);
  if (!inFile) return;
  const stored = storedNumbers(inFile, await model.weights.read(inFile, 0, inFile.end - inFile.begin));
  const found = await numbersOf(model, name);
  // Value heads of key head 0 are 0, 2, 4 and 6 of the file.
  for (const [head, there] of [0, 2, 4, 6, 1, 3, 5, 7].entries()) {
    for (const column of [0, 31]) expect(found[256 + 32 * head + column]).toBe(stored[256 + 32 * there + column]);
  }
});

test("the text model of a Qwen3.5 that sees pictures is written as one that does not", async () => {
  const { architectures: _, ...config } = ggufConfigs()["qwen35"] ?? {};
  const shapes = familyShapes({ ...config, architectures: ["Qwen3_5ForCausalLM"] });
  const inner = Object.entries(shapes).map(([name, shape]) => [name.replace("model.", "model.language_model."), shape]);
  const outer = { architectures: ["Qwen3_5ForConditionalGeneration"], vocab_size: 2048, text_config: config };
  const others = { "model.visual.patch_embed.proj.weight": [4, 4], "mtp.fc.weight": [4, 4] };
  const { folder } = await writeRandomModel(outer, { ...Object.fromEntries(inner), ...others }, "f32");
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const found = await logitsOf(opened(await ggufOfFolder(folder, { dtype: "f32" })));
  const expected = await logitsOf(await openFolder(folder));
  expect(found.every((row, i) => String(row) === String(expected[i]))).toBe(true);
});

test("what files of gated DeltaNets cannot say is refused by name", async () => {
  for (const [changes, problem] of [
    [{ attn_output_gate: false }, "attn_output_gate is false"],
    [{ linear_value_head_dim: 16 }, "linear_value_head_dim is 16, which readers take to be linear_key_head_dim, 32"],
    [{ layer_types: ["full_attention", "linear_attention", "linear_attention", "full_attention"] }, "layer_types has"],
    [{ layer_types: new Array<string>(4).fill("full_attention") }, "layer_types has no linear_attention"],
  ] as const) {
    const folder = await randomFolder({ ...ggufConfigs()["qwen35"], ...changes });
    await expect(ggufOfFolder(folder, {})).rejects.toThrow(`config.json: ${problem}`);
  }
});

/** A file with this metadata and one tensor of the model. */
const headed = (metadata: Readonly<Record<string, GgufValue>>, architecture = "lfm2") =>
  readGguf(
    inMemory(
      ggufFile({ "general.architecture": text(architecture), ...metadata }, [
        { name: "token_embd.weight", type: "F32", shape: [8, 8] },
      ]),
    ),
    "m.gguf",
  );
const counts = (...value: number[]): GgufValue => ({ type: "array", of: "i32", value });

test("one count of heads is that of all layers, which attend", async () => {
  const { config } = await headed({ "lfm2.attention.head_count_kv": u32(2), "lfm2.feed_forward_length": u32(24) });
  expect(config).toMatchObject({ num_key_value_heads: 2, intermediate_size: 24, block_auto_adjust_ff_dim: false });
  expect(config).not.toHaveProperty("layer_types");
  const mixed = await headed({ "lfm2.attention.head_count_kv": counts(0, 4) });
  expect(mixed.config).toMatchObject({ num_key_value_heads: 4, layer_types: ["conv", "full_attention"] });
});

test("layers that predict further tokens are counted among the layers, and not read", async () => {
  const layers = { "qwen35.block_count": u32(5), "qwen35.nextn_predict_layers": u32(1) };
  const { config } = await headed({ ...layers, "qwen35.full_attention_interval": u32(2) }, "qwen35");
  expect(config).toMatchObject({ num_hidden_layers: 4, mtp_num_hidden_layers: 1, full_attention_interval: 2 });
  const each = { "qwen35.attention.recurrent_layers": counts(1, 0, 0, 1, 1) };
  expect((await headed({ ...layers, ...each }, "qwen35")).config).toMatchObject({
    layer_types: ["linear_attention", "full_attention", "full_attention", "linear_attention"],
  });
});

test("counts that differ, and windows, are refused by the key", async () => {
  await expect(headed({ "lfm2.attention.head_count_kv": counts(0, 4, 2) })).rejects.toThrow(
    "m.gguf: lfm2.attention.head_count_kv is not the same in all layers with attention",
  );
  await expect(headed({ "lfm2.attention.sliding_window": u32(64) })).rejects.toThrow(
    "m.gguf: lfm2.attention.sliding_window is set",
  );
});
