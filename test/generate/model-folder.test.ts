import { describe, expect, test } from "vitest";
import { readModelFolder } from "../../src/generate/load/model-folder.ts";
import { memorySource } from "../formats/checkpoint-bytes.ts";
import { type Folder, folders, type Json, type Stored, write } from "../fuzz/model-folders/folders.ts";

const folderOf = (name: string) => folders.find((folder) => folder.name === name) as Folder;
const llama = folderOf("Llama");

interface Changes {
  readonly config?: Json;
  readonly generation?: Json;
  readonly tokenizerConfig?: Json;
  readonly tensors?: Readonly<Record<string, Stored | undefined>>;
}

/** Reads a folder in which some fields and tensors are others; undefined is left out. */
async function read(folder: Folder, { config, generation, tokenizerConfig, tensors }: Changes = {}) {
  const changed: Folder = {
    ...folder,
    config: { ...folder.config, ...config },
    generation: { ...folder.generation, ...generation },
    tokenizerConfig: { ...folder.tokenizerConfig, ...tokenizerConfig },
    tensors: Object.fromEntries(
      Object.entries({ ...folder.tensors, ...tensors }).flatMap(([name, one]) => (one ? [[name, one]] : [])),
    ),
  };
  return readModelFolder(memorySource(write(changed)));
}

const f32 = (...shape: number[]): Stored => ({ dtype: "F32", shape });
const at = "model.layers.0.self_attn";

describe("a folder is refused for", () => {
  test.each<[string, Changes, string]>([
    [
      "a word for the end of text",
      { generation: { eos_token_id: "1" } },
      'generation_config.json: eos_token_id is "1", expected the id of a token, or a list of ids',
    ],
    [
      "a word for a length",
      { generation: { max_new_tokens: "5" } },
      'generation_config.json: max_new_tokens is "5", expected an integer from 1 to 2147483648',
    ],
    [
      "a word for a flag",
      { generation: { do_sample: "true" } },
      'generation_config.json: do_sample is "true", expected true or false',
    ],
    [
      "a default out of range",
      { generation: { top_p: 1.5 } },
      "generation_config.json: top_p is 1.5, expected a number from 0 to 1",
    ],
    [
      "a negative epsilon",
      { config: { rms_norm_eps: -1 } },
      "config.json: rms_norm_eps is -1, expected a number above 0 and at most 1",
    ],
    [
      "another word for a flag",
      { config: { attention_bias: "yes" } },
      'config.json: attention_bias is "yes", expected true or false',
    ],
    [
      "biases that are not there",
      { config: { mlp_bias: true } },
      "config.json: mlp_bias is true, but model.safetensors has no model.layers.0.mlp.gate_proj.bias and 2 more",
    ],
    [
      "biases that it says are not there",
      { tensors: { [`${at}.q_proj.bias`]: f32(16) } },
      `config.json: attention_bias is false, but model.safetensors also has ${at}.q_proj.bias`,
    ],
    [
      "a head that is not there",
      { tensors: { "lm_head.weight": undefined } },
      "config.json: tie_word_embeddings is false, but model.safetensors has no lm_head.weight",
    ],
    [
      "fewer layers than there are",
      { config: { num_hidden_layers: 2 } },
      "config.json: num_hidden_layers is 2, but model.safetensors also has model.layers.2.input_layernorm.weight and 8 more",
    ],
    [
      "more layers than there are",
      { config: { num_hidden_layers: 4 } },
      "model.safetensors: model.layers.3.input_layernorm.weight is not among the 30 tensors; near names: ",
    ],
    [
      "an activation without a kernel",
      { config: { hidden_act: "gelu" } },
      "config.json: hidden_act is gelu, known are silu, swish, gelu_new, gelu_pytorch_tanh, gelu_fast",
    ],
    [
      "more than whole heads",
      { config: { partial_rotary_factor: 2 } },
      "config.json: partial_rotary_factor rotates 2 of a head, expected at most all of it",
    ],
    [
      "part of an element",
      { config: { rope_parameters: { partial_rotary_factor: 0.25 } } },
      "config.json: rope_parameters.partial_rotary_factor means 1 rotated elements of a head, expected an even number",
    ],
    [
      "a scaling without its factor",
      { config: { rope_scaling: { type: "linear" } } },
      "config.json: rope_scaling.factor (type linear) is missing, which the rotary embedding requires",
    ],
    [
      "a token that no vocabulary has",
      { tokenizerConfig: { eos_token: "<|end|>" } },
      'tokenizer_config.json: eos_token is "<|end|>", which tokenizer.json does not have',
    ],
    [
      "two names of one model",
      { config: { model_type: "mistral" } },
      "config.json: model_type is mistral, but architectures names LlamaForCausalLM",
    ],
  ])("%s", async (_, changes, message) => {
    await expect(read(llama, changes)).rejects.toThrow(message);
  });

  test("a key that occurs twice", async () => {
    const files = write(llama);
    const text = new TextDecoder().decode(files["config.json"]);
    files["config.json"] = new TextEncoder().encode(text.replace("{", '{"vocab_size":1,'));
    await expect(readModelFolder(memorySource(files))).rejects.toThrow(
      /^config.json: is not valid JSON at line 1, column \d+: the key "vocab_size" occurs twice$/,
    );
  });

  test("a setting that only one tensor of several has", async () => {
    const biased = folderOf("Llama with biases");
    await expect(read(biased, { tensors: { [`${at}.k_proj.bias`]: undefined } })).rejects.toThrow(
      `model.safetensors: ${at}.k_proj.bias is not among the`,
    );
  });
});

describe("what has no effect is a warning:", () => {
  const warningsOf = async (folder: Folder, changes: Changes = {}) => (await read(folder, changes)).warnings;

  test("tensors that nothing reads", async () => {
    expect(await warningsOf(llama, { tensors: { spare: f32(2), "visual.\u202epatch": f32(3) } })).toEqual([
      "model.safetensors: nothing reads spare, visual.\\u{202e}patch",
    ]);
    expect(await warningsOf(llama, { config: { tie_word_embeddings: true } })).toEqual([
      "model.safetensors: nothing reads lm_head.weight",
    ]);
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`spare.${i}`, f32(1)]));
    expect(await warningsOf(llama, { tensors: many })).toEqual([
      "model.safetensors: nothing reads spare.0, spare.1, spare.2, spare.3, spare.4 and 15 more",
    ]);
  });

  test("but not buffers that checkpoints usually hold, nor layers that predict further tokens", async () => {
    expect(await warningsOf(llama, { tensors: { [`${at}.rotary_emb.inv_freq`]: f32(2) } })).toEqual([]);
    expect(await warningsOf(folderOf("GPT-2 with its masks"))).toEqual([]);
    const v3 = folderOf("deepseek-v3");
    expect(await warningsOf(v3)).toEqual([]);
    await expect(read(v3, { config: { num_nextn_predict_layers: 0 } })).rejects.toThrow(
      "config.json: num_hidden_layers is 3, but model.safetensors also has model.layers.3.input_layernorm.weight",
    );
  });

  test("weights in one file where an index names others", async () => {
    const files = { ...write({ ...llama, shards: 1 }), ...write({ ...llama, shards: 2 }) };
    expect((await readModelFolder(memorySource(files))).warnings).toEqual([
      "model.safetensors: is not read: model.safetensors.index.json names other files",
    ]);
  });

  test("settings of generation that there are not, and ids outside of the vocabulary", async () => {
    const generation = { num_beams: 4, min_length: 4, no_repeat_ngram_size: 3, eos_token_id: [4, 96] };
    const changes = { generation, config: { pad_token_id: -1, num_beams: 4 } };
    const { warnings, defaults } = await read(llama, changes);
    expect(warnings).toEqual([
      "config.json: pad_token_id is -1, which none of 96 tokens has",
      "generation_config.json: eos_token_id is 96, which none of 96 tokens has",
      "generation_config.json: num_beams is 4, which has no effect without the option beams (--beams)",
      "generation_config.json: min_length is 4, which is not supported and has no effect",
    ]);
    expect(defaults.eos).toEqual([4]);
    expect(defaults.options).toMatchObject({ noRepeatNgram: 3 });
    expect(defaults.options.beams).toBeUndefined();
  });
});

test("the end of a text is what generation_config.json says, else config.json and the tokenizer", async () => {
  const eosOf = async (changes: Changes) => (await read(llama, changes)).defaults.eos;
  const silent = { generation: { eos_token_id: undefined } };
  expect(await eosOf({ generation: { eos_token_id: [7, 8] } })).toEqual([7, 8]);
  expect(await eosOf({ ...silent, config: { eos_token_id: 7 } })).toEqual([7, 4]);
  expect(await eosOf({ generation: { eos_token_id: null }, config: { eos_token_id: [7, 9] } })).toEqual([7, 9, 4]);
  expect(await eosOf({ generation: { eos_token_id: 1000 } })).toEqual([4]);
});

test("unknown keys, and null for what is optional, are fine", async () => {
  const config = { transformers_version: "5.0.0", torch_dtype: "bfloat16", rope_scaling: null, num_key_value_heads: 2 };
  expect((await read(llama, { config: { ...config, head_dim: null, attention_bias: null } })).warnings).toEqual([]);
});
