import { describe, expect, test } from "vitest";
import { isMixture, type MixtureWeights } from "../../src/blocks/mixture.ts";
import { readArchitecture } from "../../src/models/decoders/architectures.ts";
import { type DecoderWeights, loadWeights } from "../../src/models/weights/weights.ts";
import { formatErrorOf } from "../formats/checkpoint-bytes.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { openTensors, randomElements, type Written } from "./mixtral-checkpoint.ts";
import { configOf, fused, type MoeMember, tensorsOf } from "./moe-members.ts";

const roomy = await quickGpu();
/** Sixteen rows of gate and up and twenty of down, of the 48 and 32 that an expert has. */
const tight = await quickGpu({ cap: { binding: 2048 } });

async function load(gpu: typeof roomy, member: MoeMember, tensors: Written, fields: Record<string, unknown> = {}) {
  const { family, config } = readArchitecture({ ...configOf(member), ...fields });
  return loadWeights(gpu, await openTensors(tensors), family, config);
}

const mixturesOf = ({ blocks }: DecoderWeights): MixtureWeights[] =>
  blocks.flatMap(({ feedForward }) => (isMixture(feedForward) ? [feedForward] : []));

describe.each([
  ["in one piece", roomy],
  ["cut within experts", tight],
])("stacks of the checkpoint's own, %s", (name, gpu) => {
  test.each<MoeMember>(["qwen2-moe", "qwen3-moe", "olmoe"])(
    "of %s give the same bits as a tensor of each expert",
    async (member) => {
      const tensors = await tensorsOf(member);
      const stacked = fused(tensors);
      expect(Object.keys(stacked).length).toBeLessThan(Object.keys(tensors).length - 40);
      const [apart, together] = [await load(gpu, member, tensors), await load(gpu, member, stacked)];
      const pairs = mixturesOf(apart).map((layer, i) => [layer, mixturesOf(together)[i]] as const);
      expect(pairs.length).toBeGreaterThan(1);
      for (const [layer, same] of pairs) {
        for (const which of ["gateUp", "down"] as const) {
          expect(same?.[which].shape).toEqual(layer[which].shape);
          expect(await same?.[which].read()).toEqual(await layer[which].read());
          expect((same?.[which].segments.length ?? 0) > 1).toBe(name !== "in one piece");
        }
      }
      apart.dispose();
      together.dispose();
    },
  );
});

test("Qwen2-MoE has a shared expert with a gate in its layers of experts", async () => {
  const tensors = await tensorsOf("qwen2-moe");
  const loaded = await load(roomy, "qwen2-moe", tensors);
  expect(loaded.blocks.map(({ feedForward }) => isMixture(feedForward))).toEqual([true, false, true]);
  const [first] = mixturesOf(loaded);
  const gate = tensors["model.layers.0.mlp.shared_expert_gate.weight"];
  expect(first?.sharedGate?.weight.shape).toEqual([1, 32]);
  expect([...((await first?.sharedGate?.weight.read()) ?? [])]).toEqual([...(gate?.elements ?? [])]);
  expect(first?.shared?.up.weight.shape).toEqual([40, 32]);
  loaded.dispose();
});

const f32 = (...shape: number[]) => {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { shape, dtype: "f32", elements: randomElements("f32", size, 1) } as const;
};

test.each<[string, MoeMember, (tensors: Written) => Written | undefined, string]>([
  [
    "without a bias of its keys",
    "qwen2-moe",
    (tensors) => void delete tensors["model.layers.1.self_attn.k_proj.bias"],
    "model.layers.1.self_attn.k_proj.bias is not among",
  ],
  [
    "without the gate of its shared expert",
    "qwen2-moe",
    (tensors) => void delete tensors["model.layers.2.mlp.shared_expert_gate.weight"],
    "model.layers.2.mlp.shared_expert_gate.weight is not among",
  ],
  [
    "with a shared expert of another width",
    "qwen2-moe",
    (tensors) => ({ ...tensors, "model.layers.0.mlp.shared_expert.down_proj.weight": f32(32, 24) }),
    "model.layers.0.mlp.shared_expert.down_proj.weight is [32, 24], expected [32, 40]",
  ],
  [
    "without one of its experts",
    "qwen3-moe",
    (tensors) => void delete tensors["model.layers.3.mlp.experts.5.up_proj.weight"],
    "model.layers.3.mlp.experts.5.up_proj.weight is not among",
  ],
  [
    "with norms of all heads",
    "qwen3-moe",
    (tensors) => ({ ...tensors, "model.layers.0.self_attn.q_norm.weight": f32(64) }),
    "model.layers.0.self_attn.q_norm.weight is [64], expected [16]",
  ],
  [
    "with norms of one head",
    "olmoe",
    (tensors) => ({ ...tensors, "model.layers.0.self_attn.k_norm.weight": f32(8) }),
    "model.layers.0.self_attn.k_norm.weight is [8], expected [16]",
  ],
  [
    "with stacks of other experts",
    "olmoe",
    (tensors) => ({ ...fused(tensors), "model.layers.1.mlp.experts.gate_up_proj": f32(7, 48, 32) }),
    "model.layers.1.mlp.experts.gate_up_proj is [7, 48, 32], expected [8, 48, 32]",
  ],
  [
    "with stacks of gates and ups alone",
    "qwen3-moe",
    (tensors) => {
      const stacked = fused(tensors);
      delete stacked["model.layers.1.mlp.experts.down_proj"];
      return stacked;
    },
    "model.layers.1.mlp.experts.down_proj is not among",
  ],
])("a checkpoint %s is refused", async (_, member, change, message) => {
  const tensors = await tensorsOf(member);
  const { message: said } = await formatErrorOf(load(roomy, member, change(tensors) ?? tensors));
  expect(said).toContain(`model.safetensors: ${message}`);
});

test("a bias of queries, keys and values may be missing where the config says so", async () => {
  const tensors = await tensorsOf("qwen2-moe");
  const unbiased = Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.endsWith("_proj.bias")));
  const loaded = await load(roomy, "qwen2-moe", unbiased, { qkv_bias: false });
  expect(loaded.blocks.every(({ attention }) => attention && !attention.q.bias && !attention.v.bias)).toBe(true);
  loaded.dispose();
});
