// Adapters of experts that a router chooses.
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { MixtureWeights } from "../../../src/blocks/mixture.ts";
import type { BlockWeights } from "../../../src/blocks/transformer-block.ts";
import { openFiles } from "../../../src/formats/files.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import { inGguf } from "../../../src/formats/gguf-name.ts";
import { readSafetensorsHeader } from "../../../src/formats/safetensors/safetensors.ts";
import { freshFolder } from "../../../src/train/initialisers/fresh-folder.ts";
import { mergedFolder } from "../../../src/train/lora/merge.ts";
import { openLora } from "../../../src/train/lora/open-lora.ts";
import { readAdapter } from "../../../src/train/lora/read-adapter.ts";
import { openTrainable } from "../../../src/train/open/open-trainable.ts";
import { ggufOfFolder } from "../../generate/models/gguf-of-folder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { randomAdapter } from "../../support/devices/random-adapter.ts";
import { golden, inMemory, lossOf, trained, trainerOf } from "./lora-runs.ts";

const gpu = await quickGpu();
const mixtral = () => openFolder("test/golden/gradients-mixtral");

test("a fresh adapter changes nothing; trained and merged it is the same model; the folder is PEFT's", async () => {
  const source = await mixtral();
  const batch = golden("mixtral");
  const [base, fresh] = [await openTrainable(gpu, source), await openLora(gpu, source, { rank: 3 })];
  const before = await lossOf(base, batch);
  expect(Math.abs((await lossOf(fresh, batch)) - before)).toBeLessThan(1e-6);
  const { model, losses, loss } = await trained(gpu, source, batch, { rank: 3, alpha: 6 });
  console.log(`mixtral: loss ${losses[0]} → ${loss}`);
  expect(loss).toBeLessThan(0.8 * before);
  const folder = await inMemory(model.writing());
  const shapes = [...(await readSafetensorsHeader(folder, "adapter_model.safetensors"))].map(
    ([name, { shape }]) => [name, shape] as const,
  );
  const experts = Object.fromEntries(shapes.filter(([name]) => name.includes("layers.1.block_sparse_moe")));
  const own = (expert: number) => `base_model.model.model.layers.1.block_sparse_moe.experts.${expert}`;
  expect(experts).toEqual(
    Object.fromEntries(
      [0, 1, 2, 3, 4].flatMap((expert) => [
        ...["w1", "w3"].flatMap((name) => [
          [`${own(expert)}.${name}.lora_A.weight`, [3, 32]],
          [`${own(expert)}.${name}.lora_B.weight`, [20, 3]],
        ]),
        [`${own(expert)}.w2.lora_A.weight`, [3, 20]],
        [`${own(expert)}.w2.lora_B.weight`, [32, 3]],
      ]),
    ),
  );
  expect(shapes.every(([name]) => /^base_model\.model\..+\.lora_[AB]\.weight$/.test(name))).toBe(true);
  const settings = JSON.parse(model.writing().files["adapter_config.json"] ?? "");
  expect(settings.target_modules.toSorted()).toEqual(["k_proj", "o_proj", "q_proj", "v_proj", "w1", "w2", "w3"]);

  const stored = await readAdapter(folder);
  const again = await openLora(gpu, source, stored);
  expect(await lossOf(again, batch)).toBe(loss);
  const merged = await openTrainable(gpu, await inMemory(await mergedFolder(source, stored)));
  const difference = Math.abs((await lossOf(merged, batch)) - loss);
  console.log(`mixtral: merged differs by ${difference.toExponential(1)}`);
  expect(difference).toBeLessThan(1e-5);
  for (const one of [base, fresh, model, again, merged]) one.dispose();
});

test("an adapter of a few experts is read, trained and written as it is", async () => {
  const source = await mixtral();
  const whole = await readAdapter(openFiles(await randomAdapter(source, { seed: 3, rank: 6, targets: ["w1", "w2"] })));
  const kept = [...whole.modules].filter(([name]) =>
    /layers\.0.*experts\.(1|4)\.w1|layers\.1.*experts\.2\.w2/.test(name),
  );
  const stored = { ...whole, modules: new Map(kept) };
  const model = await openLora(gpu, source, stored);
  expect(model.parameters.map(({ name, tensor }) => [name, tensor.shape])).toEqual([
    ["model.layers.0.block_sparse_moe.experts.*.w1.lora_A.weight", [5 * 8, 32]],
    ["model.layers.0.block_sparse_moe.experts.*.w1.lora_B.weight", [5 * 20, 8]],
    ["model.layers.1.block_sparse_moe.experts.*.w2.lora_A.weight", [5 * 8, 20]],
    ["model.layers.1.block_sparse_moe.experts.*.w2.lora_B.weight", [5 * 32, 8]],
  ]);
  expect([...(await readAdapter(await inMemory(model.writing()))).modules]).toEqual(kept);
  const trainer = trainerOf(model);
  for (let i = 0; i < 3; i++) await trainer.step(golden("mixtral"));
  trainer.dispose();
  // Experts without an adapter, and ranks up to the width, are zeros still.
  for (const { name, tensor } of model.parameters) {
    const [rows = 0, columns = 0] = tensor.shape;
    const values = await tensor.read();
    const has = name.includes("layers.0") ? [1, 4] : [2];
    for (const [i, value] of [...values].entries()) {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const inside = has.includes(Math.floor(row / (rows / 5)));
      const padding = name.includes("lora_A") ? row % 8 >= 6 : column >= 6;
      if (!inside || padding) expect(Math.abs(value), `${name} ${i}`).toBe(0);
    }
  }
  const after = await readAdapter(await inMemory(model.writing()));
  expect([...after.modules.keys()]).toEqual(kept.map(([name]) => name));
  expect([...after.modules]).not.toEqual(kept);
  model.dispose();
});

/** A small mixture whose rows are whole blocks of every format. */
const config = {
  architectures: ["MixtralForCausalLM"],
  model_type: "mixtral",
  vocab_size: 65,
  hidden_size: 256,
  intermediate_size: 256,
  num_hidden_layers: 1,
  num_attention_heads: 32,
  num_key_value_heads: 16,
  head_dim: 8,
  num_local_experts: 3,
  num_experts_per_tok: 2,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-6,
  hidden_act: "silu",
  rope_theta: 10000,
  tie_word_embeddings: false,
};

const fresh = freshFolder(config, { seed: 2 });

const batch = {
  ids: [Array.from({ length: 12 }, (_, i) => (i * 29 + 3) % 65)],
  targets: [Array.from({ length: 12 }, (_, i) => (i * 17 + 11) % 65)],
};

// Those of q8_0 and f32: the other tests.
test("experts stored as q4_k keep their bits", async () => {
  const dtype = "q4_k";
  const model = await openLora(gpu, fresh, { rank: 4, targets: ["w1", "w2", "w3"] }, { dtype });
  const [block] = model.decoder.weights.blocks as readonly [BlockWeights];
  const { gateUp, down } = block.feedForward as MixtureWeights;
  expect([gateUp.dtype, down.dtype]).toEqual([dtype, dtype]);
  const before = [await gateUp.read(), await down.read()];
  const trainer = trainerOf(model);
  const losses: number[] = [];
  for (let i = 0; i < 8; i++) losses.push((await trainer.step(batch)).loss);
  trainer.dispose();
  console.log(`${dtype}: ${losses[0]} → ${losses.at(-1)}`);
  expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] ?? 0));
  expect([await gateUp.read(), await down.read()]).toEqual(before);
  model.dispose();
});

test("a mixture in a GGUF file has adapters, and loses with them as its folder does", async () => {
  const tokenizer = JSON.parse(await readFile("test/golden/gradients-mixtral/tokenizer.json", "utf8"));
  tokenizer.pre_tokenizer.use_regex = true; // GPT-2's, which GGUF can name
  const folder = freshFolder(config, { seed: 2, files: { "tokenizer.json": JSON.stringify(tokenizer) } });
  const bytes = await ggufOfFolder(folder, { weights: "q8_0" });
  const file = inGguf(openFiles({ "model.gguf": new Blob([bytes]) }), "model.gguf");
  const losses: number[][] = [];
  for (const [from, dtype] of [
    [file, undefined],
    [folder, "q8_0"],
  ] as const) {
    const model = await openLora(gpu, from, { rank: 4, targets: ["q_proj", "w1", "w2"] }, dtype ? { dtype } : {});
    const trainer = trainerOf(model);
    const own: number[] = [];
    for (let i = 0; i < 4; i++) own.push((await trainer.step(batch)).loss);
    losses.push(own);
    trainer.dispose();
    model.dispose();
  }
  const [ofFile = [], ofFolder = []] = losses;
  console.log(`GGUF ${ofFile.join(" ")}, folder ${ofFolder.join(" ")}`);
  expect(ofFile.at(-1)).toBeLessThan(ofFile[0] ?? 0);
  for (const [i, loss] of ofFile.entries()) expect(Math.abs(loss - (ofFolder[i] ?? 0))).toBeLessThan(0.02);
});

test("experts that a checkpoint holds in one tensor have no adapters, which is said by name", async () => {
  const source = await openFolder("test/golden/gradients-gpt-oss");
  const model = await openLora(gpu, source, { rank: 2 });
  expect(model.parameters.some(({ name }) => name.includes("experts"))).toBe(false);
  model.dispose();
  await expect(openLora(gpu, source, { rank: 2, targets: ["gate_up_proj"] })).rejects.toThrow(
    "no projection is named gate_up_proj; there are q_proj, k_proj, v_proj, o_proj, router",
  );
});
