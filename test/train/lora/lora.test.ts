import { describe, expect, test } from "vitest";
import { linear } from "../../../src/blocks/linear.ts";
import { lora } from "../../../src/blocks/lora.ts";
import { normal } from "../../../src/check/random.ts";
import { openFiles } from "../../../src/formats/files.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import { readSafetensorsHeader } from "../../../src/formats/safetensors/safetensors.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import type { PlainType } from "../../../src/tensor/dtype.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { freshFolder } from "../../../src/train/initialisers/fresh-folder.ts";
import { initialise } from "../../../src/train/initialisers/initialise.ts";
import { mergedFolder } from "../../../src/train/lora/merge.ts";
import { type LoraTrainable, openLora } from "../../../src/train/lora/open-lora.ts";
import { readAdapter } from "../../../src/train/lora/read-adapter.ts";
import { openTrainable } from "../../../src/train/open/open-trainable.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import type { GoldenTraining } from "../../support/models/golden-decoder.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";
import { golden, inMemory, lossOf, trained, trainerOf } from "./lora-runs.ts";

const gpu = await quickGpu();

const numbersOf = (tensors: readonly Tensor[]) => Promise.all(tensors.map(async (one) => Array.from(await one.read())));

test("gradients of A, B and x are those of the formulas in float64", async () => {
  const [rows, inputs, outputs, rank, scale] = [5, 12, 7, 3, 0.5];
  const drawn = (shape: readonly [number, number], seed: number) =>
    Float32Array.from(normal(shape[0] * shape[1], seed));
  const [x, w] = [drawn([rows, inputs], 1), drawn([outputs, inputs], 2)];
  const [a, b, dy] = [drawn([rank, inputs], 3), drawn([outputs, rank], 4), drawn([rows, outputs], 5)];
  const given = {
    x: tensor(gpu, [rows, inputs], x),
    a: tensor(gpu, [rank, inputs], a),
    b: tensor(gpu, [outputs, rank], b),
  };
  const weight = tensor(gpu, [outputs, inputs], w);
  const factor = tensor(gpu, [1], [scale]);
  const { value, gradients } = await gradientsOf(
    gpu,
    given,
    () => linear(gpu, given.x, { weight, adapter: lora({ a: given.a, b: given.b, scale: factor }) }),
    { upstream: tensor(gpu, [rows, outputs], dy) },
  );
  const product = (
    m: number,
    n: number,
    k: number,
    left: (i: number, k: number) => number,
    right: (k: number, j: number) => number,
  ) =>
    Array.from({ length: m * n }, (_, at) => {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += left(Math.floor(at / n), i) * right(i, at % n);
      return sum;
    });
  const of = (values: ArrayLike<number>, columns: number) => (i: number, j: number) => values[i * columns + j] ?? 0;
  const swap = (read: (i: number, j: number) => number) => (i: number, j: number) => read(j, i);
  const [X, W, A, B, D] = [of(x, inputs), of(w, inputs), of(a, inputs), of(b, rank), of(dy, outputs)];
  const u = product(rows, rank, inputs, X, swap(A));
  const du = product(rows, rank, outputs, D, B).map((one) => scale * one);
  const expected = {
    b: product(outputs, rank, rows, swap(D), of(u, rank)).map((one) => scale * one),
    a: product(rank, inputs, rows, swap(of(du, rank)), X),
    x: product(rows, inputs, outputs, D, W).map(
      (one, i) => one + (product(rows, inputs, rank, of(du, rank), A)[i] ?? 0),
    ),
  };
  const y = product(rows, outputs, inputs, X, swap(W)).map(
    (one, i) => one + scale * (product(rows, outputs, rank, of(u, rank), swap(B))[i] ?? 0),
  );
  const close = (found: ArrayLike<number> | undefined, wanted: readonly number[]) => {
    const size = Math.hypot(...wanted);
    expect(Math.hypot(...wanted.map((one, i) => one - (found?.[i] ?? Number.NaN))) / size).toBeLessThan(1e-6);
  };
  close(value, y);
  for (const name of ["a", "b", "x"] as const) close(gradients[name], expected[name]);
});

describe.each([
  ["gpt2", false],
  ["qwen3", true],
  ["gemma2", false],
] as const)("%s", (name, rslora) => {
  const batch = golden(name);

  test("a fresh adapter changes nothing, trains, and leaves the base as it is", async () => {
    const source = await openFolder(`test/golden/gradients-${name}`);
    const base = await openTrainable(gpu, source);
    const model = await openLora(gpu, source, { rank: 4 });
    expect(await lossOf(model, batch)).toBe(await lossOf(base, batch));
    const before = await numbersOf(base.parameters.map(({ tensor: one }) => one));
    const { model: after, losses, loss } = await trained(gpu, source, batch, { rank: 4 });
    console.log(`${name}: loss ${losses[0]} → ${loss}`);
    expect(loss).toBeLessThan(0.7 * (losses[0] ?? 0));
    expect(await numbersOf(base.parameters.map(({ tensor: one }) => one))).toEqual(before);
    expect(after.parameters.every(({ name: one }) => /\.lora_[AB]\.weight/.test(one))).toBe(true);
    for (const one of [base, model, after]) one.dispose();
  });

  test(`its folder is read as it was written; merged it is the same model; rslora ${rslora}`, async () => {
    const source = await openFolder(`test/golden/gradients-${name}`);
    const { model, loss } = await trained(gpu, source, batch, { rank: 3, alpha: 6, rslora }, 5);
    const stored = await readAdapter(await inMemory(model.writing()));
    expect(stored.config).toEqual({ rank: 3, alpha: 6, rslora });
    const again = await openLora(gpu, source, stored);
    expect(await numbersOf(again.parameters.map(({ tensor: one }) => one))).toEqual(
      await numbersOf(model.parameters.map(({ tensor: one }) => one)),
    );
    expect(await lossOf(again, batch)).toBe(loss);
    const merged = await openTrainable(gpu, await inMemory(await mergedFolder(source, stored)));
    const difference = Math.abs((await lossOf(merged, batch)) - loss);
    console.log(`${name}: merged differs by ${difference.toExponential(1)}`);
    expect(difference).toBeLessThan(1e-5);
    for (const one of [model, again, merged]) one.dispose();
  });
});

test("the layout is PEFT's: names, shapes and settings, and the adapter's numbers alone", async () => {
  const gpt2 = await openLora(gpu, await openFolder("test/golden/gradients-gpt2"), {
    rank: 2,
    targets: ["c_attn", "c_fc"],
  });
  const writing = gpt2.writing();
  const folder = await inMemory(writing);
  const shapes = async (source: FileSource) =>
    Object.fromEntries(
      [...(await readSafetensorsHeader(source, "adapter_model.safetensors"))].map(([key, { shape }]) => [key, shape]),
    );
  const layer = (i: number) => ({
    [`base_model.model.transformer.h.${i}.attn.c_attn.lora_A.weight`]: [2, 24],
    [`base_model.model.transformer.h.${i}.attn.c_attn.lora_B.weight`]: [72, 2],
    [`base_model.model.transformer.h.${i}.mlp.c_fc.lora_A.weight`]: [2, 24],
    [`base_model.model.transformer.h.${i}.mlp.c_fc.lora_B.weight`]: [40, 2],
  });
  expect(await shapes(folder)).toEqual({ ...layer(0), ...layer(1) });
  expect(JSON.parse(writing.files["adapter_config.json"] ?? "")).toMatchObject({
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    r: 2,
    lora_alpha: 2,
    use_rslora: false,
    bias: "none",
    fan_in_fan_out: true,
    target_modules: ["c_attn", "c_fc"],
  });
  const qwen3 = await openLora(gpu, await openFolder("test/golden/gradients-qwen3"), { rank: 2, targets: ["q_proj"] });
  expect(Object.keys(await shapes(await inMemory(qwen3.writing())))).toContain(
    "base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight",
  );
  expect(JSON.parse(qwen3.writing().files["adapter_config.json"] ?? "")).toMatchObject({ fan_in_fan_out: false });
  for (const one of [gpt2, qwen3]) one.dispose();
});

/** A small Llama whose rows are whole blocks of every format, stored in a type. */
const config = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: 65,
  hidden_size: 256,
  intermediate_size: 256,
  num_hidden_layers: 1,
  num_attention_heads: 32,
  num_key_value_heads: 16,
  head_dim: 8,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: false,
};
const batch = {
  ids: [Array.from({ length: 12 }, (_, i) => (i * 29 + 3) % 65)],
  targets: [Array.from({ length: 12 }, (_, i) => (i * 17 + 11) % 65)],
} as unknown as GoldenTraining;

/** The gradients of the adapter's parameters at its second step, where B is not zero, by name. */
async function steps(model: LoraTrainable, count: number): Promise<number[]> {
  const trainer = trainerOf(model);
  const losses: number[] = [];
  for (let i = 0; i < count; i++) losses.push((await trainer.step(batch)).loss);
  trainer.dispose();
  return losses;
}

// f16: with experts, in lora-experts.test.ts.
test.each(["q8_0", "q4_k", "bf16"] as const)(
  "a base stored as %s keeps its bits: steps are those of the same numbers in f32",
  async (format) => {
    const packed = await openLora(gpu, freshFolder(config, { seed: 2 }), { rank: 4 }, { dtype: format });
    const { weights } = packed.decoder;
    const q = weights.blocks[0]?.attention?.q.weight as Tensor;
    expect(q.dtype).toBe(format);
    const dequantised = new Map<string, ArrayLike<number>>();
    const layer = "model.layers.0";
    const block = weights.blocks[0];
    const dense = block?.feedForward as Record<"gate" | "up" | "down", { weight: Tensor }>;
    const stored: Record<string, Tensor | undefined> = {
      "model.embed_tokens.weight": weights.embedding,
      "lm_head.weight": weights.head.weight,
      [`${layer}.self_attn.q_proj.weight`]: block?.attention?.q.weight,
      [`${layer}.self_attn.k_proj.weight`]: block?.attention?.k.weight,
      [`${layer}.self_attn.v_proj.weight`]: block?.attention?.v.weight,
      [`${layer}.self_attn.o_proj.weight`]: block?.attention?.output.weight,
      [`${layer}.mlp.gate_proj.weight`]: dense.gate.weight,
      [`${layer}.mlp.up_proj.weight`]: dense.up.weight,
      [`${layer}.mlp.down_proj.weight`]: dense.down.weight,
    };
    for (const [name, one] of Object.entries(stored)) if (one) dequantised.set(name, await one.read());
    const fresh = initialise(config, { seed: 2 });
    const tensors = [...fresh].map(([name, { shape, values }]) => {
      const numbers = Float32Array.from(dequantised.get(name) ?? values);
      return [name, { shape, dtype: "f32" as PlainType, elements: numbers }] as const;
    });
    const { safetensors } = await import("../../support/models/safetensors.ts");
    const folder = freshFolder(config);
    const text = new Blob([await folder.read("tokenizer.json", 0, await folder.size("tokenizer.json"))]);
    const exact = openFiles({
      "config.json": new Blob([JSON.stringify(config)]),
      "tokenizer.json": text,
      "model.safetensors": new Blob([safetensors(Object.fromEntries(tensors))]),
    });
    const plain = await openLora(gpu, exact, { rank: 4 });
    const [found, expected] = [await steps(packed, 6), await steps(plain, 6)];
    const worst = Math.max(...found.map((loss, i) => Math.abs(loss - (expected[i] ?? Number.NaN))));
    console.log(`${format}: losses within ${worst.toExponential(1)} of those in f32, ${found[0]} → ${found.at(-1)}`);
    expect(worst).toBeLessThan(1e-4);
    expect(found.at(-1)).toBeLessThan(0.8 * (found[0] ?? 0));
    expect(Array.from(await q.read())).toEqual(Array.from(dequantised.get(`${layer}.self_attn.q_proj.weight`) ?? []));
    for (const one of [packed, plain]) one.dispose();
  },
);

describe("what does not fit is refused by name", () => {
  const source = () => openFolder("test/golden/gradients-qwen3");

  test("targets that the model does not have", async () => {
    await expect(openLora(gpu, await source(), { rank: 2, targets: ["c_attn"] })).rejects.toThrow(
      "LoRA: no projection is named c_attn; there are q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj",
    );
    await expect(openLora(gpu, await source(), { rank: 0 })).rejects.toThrow("openLora: rank is 0");
  });

  test("an adapter of another model, of another kind, or with tensors that are not LoRA's", async () => {
    const model = await openLora(gpu, await source(), { rank: 2, targets: ["q_proj"] });
    const writing = model.writing();
    const stored = await readAdapter(await inMemory(writing));
    await expect(openLora(gpu, await openFolder("test/golden/gradients-gpt2"), stored)).rejects.toThrow(
      "changes model.layers.0.self_attn.q_proj",
    );
    const changed = async (change: object) => {
      const settings = { ...JSON.parse(writing.files["adapter_config.json"] ?? ""), ...change };
      return readAdapter(await inMemory({ ...writing, files: { "adapter_config.json": JSON.stringify(settings) } }));
    };
    await expect(changed({ peft_type: "IA3" })).rejects.toThrow("peft_type");
    await expect(changed({ r: 3 })).rejects.toThrow("expected 3 (from adapter_config.json) on axis 0");
    await expect(changed({ use_dora: true })).rejects.toThrow("DoRA is not supported");
    await expect(changed({ rank_pattern: { q_proj: 4 } })).rejects.toThrow(
      "expected 4 (from adapter_config.json) on axis 0",
    );
    await expect(changed({ rank_pattern: { "(a+)+$": 4 } })).rejects.toThrow("rank_pattern has the key");
    await expect(changed({ rank_pattern: [4] })).rejects.toThrow("rank_pattern");
    await expect(changed({ alpha_pattern: { q_proj: -1 } })).rejects.toThrow("alpha_pattern");
    await expect(changed({ target_parameters: ["mlp.experts.gate_up_proj"] })).rejects.toThrow("target_parameters");
    await expect(changed({ lora_bias: true })).rejects.toThrow("a bias of B is not supported");
    expect((await changed({ target_modules: "all-linear", lora_bias: false })).config.rank).toBe(2);
    await expect(changed({ modules_to_save: ["lm_head"] })).rejects.toThrow("modules_to_save");
    model.dispose();
  });
});
