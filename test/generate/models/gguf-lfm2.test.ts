import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { toFolder } from "../../../src/convert/to-folder.ts";
import { readGguf } from "../../../src/formats/gguf/entry.ts";
import type { GgufValue } from "../../../src/formats/gguf/header.ts";
import { inGguf } from "../../../src/formats/gguf-name.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { loadModel, type ModelOptions } from "../../../src/generate/load/load-model.ts";
import { readModelFolder } from "../../../src/generate/load/model-folder.ts";
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

test("converted back to a folder it is the same model", async () => {
  const file = await ggufOfFolder(goldenFolder(), { dtype: "f16" });
  const folder = await toFolder(inMemory(file), "m.gguf");
  const small = Object.entries(folder.files).map(([name, content]) => [name, new TextEncoder().encode(content)]);
  const bytes = { "model.safetensors": await written(folder) };
  const back = memorySource({ ...Object.fromEntries(small), ...bytes });
  const { config, weights } = await readModelFolder(back);
  expect(JSON.parse(folder.files["config.json"] ?? "")).toMatchObject({
    model_type: "lfm2",
    norm_eps: expect.closeTo(1e-5),
  });
  expect(config).toEqual((await readModelFolder(opened(file))).config);
  expect(weights.get("model.layers.0.conv.conv.weight").shape).toEqual([32, 1, 3]);
});

test("biases of convolutions are refused by name: files have no tensors for them", async () => {
  const config = { ...ggufConfigs()["lfm2"], conv_bias: true };
  const { folder } = await writeRandomModel(config, familyShapes(config), "f32");
  try {
    await expect(ggufOfFolder(folder, {})).rejects.toThrow(
      "config.json: conv_bias is true, which GGUF files of kind lfm2",
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** A file with this metadata and one tensor of the model. */
const headed = (metadata: Readonly<Record<string, GgufValue>>) =>
  readGguf(
    inMemory(
      ggufFile({ "general.architecture": text("lfm2"), ...metadata }, [
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

test("counts that differ, and windows, are refused by the key", async () => {
  await expect(headed({ "lfm2.attention.head_count_kv": counts(0, 4, 2) })).rejects.toThrow(
    "m.gguf: lfm2.attention.head_count_kv is not the same in all layers with attention",
  );
  await expect(headed({ "lfm2.attention.sliding_window": u32(64) })).rejects.toThrow(
    "m.gguf: lfm2.attention.sliding_window is set",
  );
});
