import { describe, expect, test } from "vitest";
import { dequantisedFolder } from "../../src/convert/to-folder.ts";
import { toGguf } from "../../src/convert/to-gguf.ts";
import type { FileSource } from "../../src/formats/source.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { readModelFolder } from "../../src/generate/load/model-folder.ts";
import { planLoad } from "../../src/generate/load/plan-load.ts";
import { uploadWeights } from "../../src/models/weights/weights.ts";
import { encodeF16 } from "../../src/tensor/dtype.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { memorySource, type TensorToWrite } from "../formats/checkpoint-bytes.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { familyShapes } from "../support/models/family-shapes.ts";
import {
  awqWriter,
  channelWriter,
  eightBitWriter,
  folderOf,
  gptqWriter,
  packedWriter,
  quantisedModel,
  type Tensors,
  type Writer,
} from "../support/models/quantised-folder.ts";

const gpu = await quickGpu();

const sizes = {
  vocab_size: 2048,
  hidden_size: 128,
  intermediate_size: 256,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
};
const mixtral = { ...sizes, architectures: ["MixtralForCausalLM"], num_local_experts: 4, num_experts_per_tok: 2 };
const llama = { architectures: ["LlamaForCausalLM"], ...sizes };

const gpt2 = {
  architectures: ["GPT2LMHeadModel"],
  vocab_size: 2048,
  n_embd: 128,
  n_layer: 1,
  n_head: 4,
  n_positions: 64,
};

/** All matrices of a model's weights, by where they are. */
function matricesOf(part: unknown, at = ""): [string, Tensor][] {
  if (part instanceof Tensor) return part.shape.length === 2 ? [[at, part]] : [];
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, inner]) => matricesOf(inner, `${at}.${key}`));
}

interface Case {
  readonly name: string;
  readonly writer: Writer;
  readonly dtype: string;
  /** How it is called. */
  readonly called: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly transposed?: boolean;
}

const cases: readonly Case[] = [
  { name: "AWQ", writer: awqWriter(128), dtype: "int4_128", called: "AWQ int4, groups of 128" },
  {
    name: "AWQ, experts",
    writer: awqWriter(64),
    dtype: "int4_64",
    called: "AWQ int4, groups of 64",
    config: mixtral,
  },
  {
    name: "AWQ, fused projections",
    writer: awqWriter(32),
    dtype: "int4_32",
    called: "AWQ int4, groups of 32",
    config: { ...sizes, architectures: ["Phi3ForCausalLM"] },
  },
  { name: "GPTQ", writer: gptqWriter(64), dtype: "int4_64", called: "GPTQ int4, groups of 64" },
  {
    name: "GPTQ, a group for each row",
    writer: gptqWriter(-1, { sym: true }),
    dtype: "int4_128",
    called: "GPTQ int4, a group for each row",
  },
  {
    name: "GPTQ, matrices that are stored transposed",
    writer: gptqWriter(32, { checkpoint_format: "gptq_v2", less: 0 }),
    dtype: "int4_32",
    called: "GPTQ int4, groups of 32",
    config: gpt2,
    transposed: true,
  },
  {
    name: "GPTQ of the second version that says it is of the first",
    writer: gptqWriter(128, { sym: true, less: 0 }),
    dtype: "int4_128",
    called: "GPTQ int4, groups of 128",
  },
  {
    name: "GPTQ by activation order",
    writer: gptqWriter(32, {
      desc_act: true,
      sym: false,
      columnOrder: (column, size, columns) => Math.floor(((column * 37) % columns) / size),
    }),
    dtype: "f32",
    called: "GPTQ int4, groups of 32 by activation order",
  },
  {
    name: "compressed-tensors",
    writer: packedWriter(128, true),
    dtype: "int4_128",
    called: "int4, groups of 128 (compressed-tensors)",
  },
  {
    name: "compressed-tensors with zero points",
    writer: packedWriter(32, false),
    dtype: "int4_32",
    called: "int4, groups of 32 (compressed-tensors)",
  },
  {
    name: "compressed-tensors by channel",
    writer: channelWriter,
    dtype: "int8_channel",
    called: "int8 by channel (compressed-tensors)",
  },
  { name: "LLM.int8", writer: eightBitWriter, dtype: "int8_channel", called: "int8 by channel (LLM.int8)" },
];

/** The weights of a folder on the device. */
async function uploaded(source: FileSource) {
  const { weights, checkpoint, config, warnings, quantisation } = await readModelFolder(source);
  return { model: await uploadWeights(gpu, weights, checkpoint, config), warnings, quantisation };
}

describe.each(cases)("$name", ({ writer, dtype, called, config = llama, transposed }) => {
  test("matrices are what the definition says, bit for bit", async () => {
    const made = quantisedModel(config, familyShapes(config), writer, transposed);
    const [own, plain] = [folderOf(made.config, made.quantised), folderOf(config, made.plain)];
    const { model, warnings, quantisation } = await uploaded(own);
    const { model: expected } = await uploaded(plain);
    const matrices = matricesOf(model);
    const others = new Map(matricesOf(expected));
    expect(new Set(matrices.map(([, tensor]) => tensor.dtype))).toEqual(new Set(["f32", dtype]));
    expect(matrices.filter(([, tensor]) => tensor.dtype === dtype).length).toBeGreaterThanOrEqual(4);
    for (const [at, tensor] of matrices) {
      const numbers = await tensor.read();
      expect(numbers.some((value) => value !== 0)).toBe(true);
      const wanted = (await others.get(at)?.read()) ?? new Float64Array();
      expect(numbers.length).toBe(wanted.length);
      expect(numbers.findIndex((value, i) => value !== wanted[i])).toBe(-1);
    }
    expect(warnings.length).toBe(dtype === "f32" ? 1 : 0);
    expect(quantisation).toBe(called);
    const plan = await planLoad(own);
    expect([plan.quantisation, plan.weightBytes]).toEqual([called, model.bytes]);
    expect(plan.parameters).toBe((await planLoad(plain)).parameters);
    model.dispose();
    expected.dispose();
  });
});

test.each([
  ["AWQ", awqWriter(128), llama],
  ["GPTQ, experts", gptqWriter(64), mixtral],
] as const)("%s: greedy tokens are those of the model in f32", async (_, writer, config) => {
  const made = quantisedModel(config, familyShapes(config), writer);
  using model = await loadModel(gpu, folderOf(made.config, made.quantised));
  using expected = await loadModel(gpu, folderOf(config, made.plain));
  const options = { maxTokens: 12, temperature: 0, ignoreEos: true };
  const ids = async (of: typeof model) => (await of.generate("To be, or not to be", options).result).rows[0]?.tokens;
  expect(model.stored.quantisation).toMatch(/^(AWQ int4, groups of 128|GPTQ int4, groups of 64)$/);
  expect(model.stored.fileBytes).toBeLessThan(expected.stored.fileBytes);
  expect(expected.stored.quantisation).toBe("f32");
  const own = await ids(model);
  expect(own).toEqual(await ids(expected));
  expect(new Set(own).size).toBeGreaterThan(4);
});

async function bytesOf({ pieces }: { readonly pieces: () => AsyncGenerator<Uint8Array> }): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces()) all.push(piece);
  return Buffer.concat(all);
}

describe.each([
  ["AWQ", awqWriter(128), llama, false],
  ["GPTQ, transposed", gptqWriter(32), gpt2, true],
  ["int8", channelWriter, llama, false],
] as const)("%s is converted", (_, writer, config, transposed) => {
  const made = quantisedModel(config, familyShapes(config), writer, transposed);
  const [own, plain] = [folderOf(made.config, made.quantised), folderOf(config, made.plain)];

  test("to the GGUF file of the model in f32, quantised again, and it is said", async () => {
    const [writing, expected] = [await toGguf(own, { weights: "q8_0" }), await toGguf(plain, { weights: "q8_0" })];
    const bytes = await bytesOf(writing);
    expect(bytes.length).toBe(writing.bytes);
    expect(Buffer.compare(bytes, await bytesOf(expected))).toBe(0);
    expect(writing.warnings.join()).toMatch(/^memory: .*int[48].*: what codes stand for is written as q8_0$/);
    expect(expected.warnings).toEqual([]);
  });

  test("to a folder of f16", async () => {
    const writing = await dequantisedFolder(own);
    const weights = await openWeights(memorySource({ "model.safetensors": await bytesOf(writing) }));
    expect([...weights.tensors.keys()].toSorted()).toEqual(Object.keys(made.plain).toSorted());
    for (const [name, { shape, bytes }] of Object.entries(made.plain)) {
      const tensor = weights.get(name, shape as number[]);
      const halves = new Uint16Array((await weights.read(tensor, 0, tensor.end - tensor.begin)).slice().buffer);
      const numbers = new Float32Array(bytes.slice().buffer);
      expect(halves.findIndex((half, i) => half !== encodeF16(numbers[i] ?? Number.NaN))).toBe(-1);
    }
    expect(JSON.parse(writing.files["config.json"] ?? "")).toEqual({ ...config, torch_dtype: "float16" });
    expect(Object.keys(writing.files)).toContain("tokenizer.json");
    await expect(dequantisedFolder(plain)).rejects.toThrow("the folder's weights are floats already");
  });
});

describe("refused, with file and field", () => {
  const shapes = familyShapes(llama);
  const at = "model.layers.0.self_attn.q_proj";
  const awq = quantisedModel(llama, shapes, awqWriter(64));
  const gptq = quantisedModel(llama, shapes, gptqWriter(64));
  const settings = (changed: object, of = awq) => ({
    ...of.config,
    quantization_config: { ...(of.config["quantization_config"] as object), ...changed },
  });
  const without = (name: string, of = awq) =>
    Object.fromEntries(Object.entries(of.quantised).filter(([known]) => known !== name));
  const changed = (name: string, to: Partial<TensorToWrite>, of = awq): Tensors => ({
    ...of.quantised,
    [name]: { ...(of.quantised[name] as TensorToWrite), ...to },
  });

  test.each<[string, object, Tensors, string]>([
    ["another number of bits", settings({ bits: 3 }), {}, "quantization_config.bits is 3, expected 4"],
    ["bits of GPTQ", settings({ bits: 8 }, gptq), {}, "quantization_config.bits is 8; only 4 bits are supported"],
    [
      "groups of 48",
      settings({ group_size: 48 }),
      {},
      "quantization_config.group_size is 48, expected a multiple of 32",
    ],
    ["no group", settings({ group_size: 0 }), {}, "quantization_config.group_size is 0, expected an integer from 1"],
    ["another layout", settings({ version: "gemv" }), {}, "quantization_config.version is gemv, known are gemm, GEMM"],
    ["another method", settings({ quant_method: "hqq" }), {}, "quantization_config weights quantised by this scheme"],
    [
      "bitsandbytes' four bits",
      { ...llama, quantization_config: { quant_method: "bitsandbytes", load_in_4bit: true } },
      {},
      "of bitsandbytes only weights of eight bits are supported",
    ],
    [
      "groups that rows do not divide into",
      settings({ group_size: 96 }),
      {},
      `has rows of 128 elements in groups of 96, expected whole groups`,
    ],
    ["no zero points", awq.config, without(`${at}.qzeros`), `${at}.qzeros is missing, which the quantised matrix`],
    ["no codes", awq.config, without(`${at}.qweight`), `${at}.qweight is missing`],
    [
      "codes of another type",
      awq.config,
      changed(`${at}.qweight`, { dtype: "F32" }),
      `${at}.qweight is F32 [128, 16], expected I32`,
    ],
    [
      "scales of another shape",
      awq.config,
      changed(`${at}.scales`, { shape: [128, 2] }),
      `${at}.scales is F16 [128, 2], expected F16 or BF16 or F32 [2, 128]`,
    ],
    [
      "a matrix of another shape than the config's",
      { ...settings({}), intermediate_size: 512 },
      {},
      "model.layers.0.mlp.gate_proj.weight is [256, 128], expected [512, 128]",
    ],
    [
      "columns in another order, of which the config says nothing",
      gptq.config,
      changed(`${at}.g_idx`, { bytes: new Uint8Array(Int32Array.from({ length: 128 }, (_, i) => i % 2).buffer) }, gptq),
      `${at}.g_idx is 1 at element 1, expected 0`,
    ],
    [
      "a scale that is infinite",
      awq.config,
      changed(`${at}.scales`, { bytes: new Uint8Array(2 * 2 * 128).fill(0x7c) }),
      `${at}.weight is`,
    ],
    [
      "a scale that f16 cannot hold",
      awq.config,
      changed(`${at}.scales`, { dtype: "F32", bytes: new Uint8Array(new Float32Array(256).fill(0.1).buffer) }),
      `${at}.scales is 0.1`,
    ],
  ])("%s", async (_, config, tensors, message) => {
    const held = Object.keys(tensors).length > 0 ? tensors : awq.quantised;
    await expect(uploaded(folderOf(config, held))).rejects.toThrow(message);
  });
});
