import { describe, expect, test } from "vitest";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { readModelFolder } from "../../src/generate/load/model-folder.ts";
import { planLoad } from "../../src/generate/load/plan-load.ts";
import type { TensorToWrite } from "../formats/checkpoint-bytes.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { familyShapes } from "../support/models/family-shapes.ts";
import { folderOf, gptqWriter, quantisedModel } from "../support/models/quantised-folder.ts";

const gpu = await quickGpu();

const llama = {
  architectures: ["LlamaForCausalLM"],
  vocab_size: 2048,
  hidden_size: 128,
  intermediate_size: 256,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
};

describe("a folder of GPTQ in which each matrix has a bias that the model does not have", () => {
  const made = quantisedModel(llama, familyShapes(llama), gptqWriter(64));
  const biases = (value: number) =>
    Object.fromEntries(
      Object.entries(made.quantised).flatMap(([name, { shape }]): [string, TensorToWrite][] => {
        if (!name.endsWith(".qweight")) return [];
        const bytes = new Uint8Array(2 * Number(shape[1]));
        bytes[4] = value;
        return [[name.replace("qweight", "bias"), { dtype: "F16", shape: [shape[1]], bytes }]];
      }),
    );
  const folder = (value: number) => folderOf(made.config, { ...made.quantised, ...biases(value) });

  test("is that without them, where they are 0", async () => {
    expect(Object.keys(biases(0))).toHaveLength(7);
    const { weights, warnings } = await readModelFolder(folder(0));
    const plain = await readModelFolder(folderOf(made.config, made.quantised));
    expect([...weights.tensors.keys()]).toEqual([...plain.weights.tensors.keys()]);
    expect(warnings).toEqual([]);
    expect((await planLoad(folder(0))).parameters).toBe(
      (await planLoad(folderOf(made.config, made.quantised))).parameters,
    );
    using model = await loadModel(gpu, folder(0));
    using without = await loadModel(gpu, folderOf(made.config, made.quantised));
    expect(await model.score([0, 17, 300, 42])).toEqual(await without.score([0, 17, 300, 42]));
  });

  test("is refused where they are not", async () => {
    await expect(readModelFolder(folder(1))).rejects.toThrow(
      /config\.json: (attention|mlp)_bias is false, but model\.safetensors also has model\.layers\.0\./,
    );
  });

  test("keeps biases that the model has, of which some may be 0", async () => {
    const qwen = { ...llama, architectures: ["Qwen2ForCausalLM"] };
    const own = quantisedModel(qwen, familyShapes(qwen), gptqWriter(64));
    const zero = biases(0);
    const at = "model.layers.0.self_attn.q_proj.bias";
    const { weights } = await readModelFolder(folderOf(own.config, { ...own.quantised, ...zero }));
    expect(weights.has(at)).toBe(true);
    expect(weights.has("model.layers.0.self_attn.o_proj.bias")).toBe(false);
  });
});
