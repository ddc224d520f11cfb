// Which modules adapters have, and ranks of single ones.
import { expect, test } from "vitest";
import { openFiles } from "../../../src/formats/files.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import { scaleOf } from "../../../src/generate/lora/lora-config.ts";
import { mergedFolder } from "../../../src/train/lora/merge.ts";
import { openLora } from "../../../src/train/lora/open-lora.ts";
import { readAdapter } from "../../../src/train/lora/read-adapter.ts";
import { openTrainable } from "../../../src/train/open/open-trainable.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { randomAdapter } from "../../support/devices/random-adapter.ts";
import { golden, inMemory, lossOf, trained } from "./lora-runs.ts";

const gpu = await quickGpu();

test("ranks and factors of single modules are read, written and merged as PEFT has them", async () => {
  const source = await openFolder("test/golden/gradients-qwen3");
  const patterns = {
    ranks: { "model.layers.1.self_attn.q_proj": 5, q_proj: 1, "^layers.0.mlp.up_proj": 7 },
    alphas: { up_proj: 9 },
  };
  const blobs = await randomAdapter(source, { seed: 4, rank: 3, alpha: 6, ...patterns });
  const stored = await readAdapter(openFiles(blobs));
  expect(stored.config).toEqual({ rank: 3, alpha: 6, rslora: false, ...patterns });
  const rows = (module: string) =>
    (stored.modules.get(module)?.a.length ?? 0) / (stored.modules.get(module)?.inputs ?? 1);
  expect(rows("model.layers.1.self_attn.q_proj")).toBe(5); // the first key that fits counts
  expect(rows("model.layers.0.self_attn.q_proj")).toBe(1);
  expect(rows("model.layers.0.mlp.up_proj")).toBe(3); // after ^ a name has to be whole
  expect(scaleOf(stored.config, "model.layers.1.self_attn.q_proj")).toBe(6 / 5);
  expect(scaleOf(stored.config, "model.layers.0.mlp.up_proj")).toBe(9 / 3);
  const model = await openLora(gpu, source, stored);
  const again = await readAdapter(await inMemory(model.writing()));
  expect(again.config).toEqual(stored.config);
  expect([...again.modules]).toEqual([...stored.modules]);
  const merged = await openTrainable(gpu, await inMemory(await mergedFolder(source, stored)));
  const loss = await lossOf(model, golden("qwen3"));
  expect(Math.abs((await lossOf(merged, golden("qwen3"))) - loss)).toBeLessThan(1e-4);
  for (const one of [model, merged]) one.dispose();
});

test("latent attention, shared experts and routers are adapted, and trained but for routers that are not named", async () => {
  const source = await openFolder("test/golden/gradients-deepseek");
  const model = await openLora(gpu, source, { rank: 2 });
  const names = new Set(model.parameters.map(({ name }) => name.replace(/^model\.layers\.\d+\./, "")));
  for (const one of ["q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"]) {
    if (one.startsWith("q_") && !names.has("self_attn.q_a_proj.lora_A.weight")) continue; // queries without a rank
    expect(names).toContain(`self_attn.${one}.lora_A.weight`);
  }
  expect([...names].filter((name) => /mlp\.gate\./.test(name))).toEqual([]);
  for (const one of ["experts.*.gate_proj", "experts.*.up_proj", "experts.*.down_proj", "shared_experts.up_proj"]) {
    expect(names).toContain(`mlp.${one}.lora_B.weight`);
  }
  model.dispose();
  const { model: after, losses, loss } = await trained(gpu, source, golden("deepseek"), { rank: 4 });
  expect(loss).toBeLessThan(0.8 * (losses[0] ?? 0));
  for (const { name, tensor: one } of after.parameters.filter((parameter) =>
    parameter.name.includes("kv_b_proj.lora_B"),
  )) {
    expect(
      (await one.read()).some((value) => value !== 0),
      name,
    ).toBe(true);
  }
  const stored = await readAdapter(await inMemory(after.writing()));
  const merged = await openTrainable(gpu, await inMemory(await mergedFolder(source, stored)));
  expect(Math.abs((await lossOf(merged, golden("deepseek"))) - loss)).toBeLessThan(1e-4);
  for (const one of [after, merged]) one.dispose();
  const mixtral = await openFolder("test/golden/gradients-mixtral");
  const router = await trained(gpu, mixtral, golden("mixtral"), { rank: 2, targets: ["gate"] }, 3);
  expect(router.loss).toBeLessThan(router.losses[0] ?? 0);
  router.model.dispose();
  await expect(openLora(gpu, mixtral, { rank: 2, targets: ["w4"] })).rejects.toThrow("no projection is named w4");
});
