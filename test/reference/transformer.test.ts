import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { type Gpt2Config, gpt2 } from "../../src/reference/models/gpt.ts";
import { type LlamaConfig, llama, type Weights } from "../../src/reference/models/transformer.ts";
import { argmax, topLogprobs } from "../../src/reference/sampling.ts";
import { decode, elementsOf } from "../../src/tensor/dtype.ts";
import golden from "../golden/voices-dense.json" with { type: "json" };
import { draw, expectClose, generator } from "./compare.ts";
import torch from "./torch.json" with { type: "json" };

const folder = new URL("../../examples/models/voices-dense/", import.meta.url);

/** The f16 tensors of a safetensors file; no check that a file of our own does not need. */
function readWeights(): Weights {
  const file = readFileSync(new URL("model.safetensors", folder));
  const headerLength = Number(file.readBigUInt64LE());
  const header: Record<string, { shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    file.toString("utf8", 8, 8 + headerLength),
  );
  delete header["__metadata__"];
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        name,
        {
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const bytes = file.buffer.slice(
          file.byteOffset + 8 + headerLength + begin,
          file.byteOffset + 8 + headerLength + end,
        );
        return [name, dense(shape, decode("f16", elementsOf("f16", bytes as ArrayBuffer)))];
      },
    ),
  );
}

const rowOf = (x: Dense, row: number): Float64Array =>
  x.values.subarray(row * (x.shape[1] ?? 0), (row + 1) * (x.shape[1] ?? 0));

describe("llama on the bundled checkpoint", () => {
  const weights = readWeights();
  const config: LlamaConfig = JSON.parse(readFileSync(new URL("config.json", folder), "utf8"));

  it.each(golden.prompts)("$prompt: logits, likelihoods and greedy tokens of the golden data", (prompt) => {
    const { promptTokens, lastLogits, nextTokenNll } = prompt;
    const greedyTokens = prompt.greedyTokens.slice(0, 12);
    const ids = [...promptTokens, ...greedyTokens.slice(0, -1)];
    const { logits } = llama({ ids: dense([ids.length], ids), weights }, config);
    const last = promptTokens.length - 1;

    // The golden numbers are written with six decimals; half a unit of the last is all that may be between.
    const furthest = rowOf(logits, last).reduce(
      (most, logit, id) => Math.max(most, Math.abs(logit - (lastLogits[id] ?? 0))),
      0,
    );
    expect(furthest).toBeLessThan(0.5e-6 + 1e-9);
    const { ids: best, logprobs } = topLogprobs({ logits }, { n: 2048 });
    for (const [position, nll] of nextTokenNll.entries()) {
      const rank = rowOf(best, position).indexOf(promptTokens[position + 1] ?? -1);
      expect(Math.abs(-(rowOf(logprobs, position)[rank] ?? 0) - nll)).toBeLessThan(0.5e-6 + 1e-9);
    }
    expect([...argmax({ logits }).ids.values.subarray(last)]).toEqual(greedyTokens);
  });
});

/** The weights of a random test model in the order and of the spread that the numbers in torch.json were made from. */
function randomLlama(config: LlamaConfig & { vocab_size: number; intermediate_size: number }, seed: number): Weights {
  const next = generator(seed);
  const { hidden_size: model, num_attention_heads: heads, model_type: family, intermediate_size: hidden } = config;
  const width = config.head_dim ?? 0;
  const groups = config.num_key_value_heads ?? heads;
  const weights: Record<string, Dense> = { "model.embed_tokens.weight": draw(next, [config.vocab_size, model], 2) };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const add = (name: string, ...drawn: [shape: number[], scale: number, offset?: number]): void => {
      weights[`model.layers.${layer}.${name}`] = draw(next, ...drawn);
    };
    add("input_layernorm.weight", [model], 1, 1);
    for (const [name, count] of [
      ["q", heads],
      ["k", groups],
      ["v", groups],
    ] as const) {
      add(`self_attn.${name}_proj.weight`, [count * width, model], 1.5);
      if (family === "qwen2") add(`self_attn.${name}_proj.bias`, [count * width], 1);
    }
    if (family === "qwen3") {
      add("self_attn.q_norm.weight", [width], 1, 1);
      add("self_attn.k_norm.weight", [width], 1, 1);
    }
    add("self_attn.o_proj.weight", [model, heads * width], 1.5);
    add("post_attention_layernorm.weight", [model], 1, 1);
    add("mlp.gate_proj.weight", [hidden, model], 1.5);
    add("mlp.up_proj.weight", [hidden, model], 1.5);
    add("mlp.down_proj.weight", [model, hidden], 1.5);
  }
  weights["model.norm.weight"] = draw(next, [model], 1, 1);
  if (!config.tie_word_embeddings) weights["lm_head.weight"] = draw(next, [config.vocab_size, model], 1.5);
  return weights;
}

function randomGpt2(
  config: Gpt2Config & { vocab_size: number; n_positions: number; n_embd: number },
  seed: number,
): Weights {
  const next = generator(seed);
  const { n_embd: model } = config;
  const weights: Record<string, Dense> = {
    "transformer.wte.weight": draw(next, [config.vocab_size, model], 2),
    "transformer.wpe.weight": draw(next, [config.n_positions, model], 2),
  };
  const norm = (name: string): void => {
    weights[`transformer.${name}.weight`] = draw(next, [model], 1, 1);
    weights[`transformer.${name}.bias`] = draw(next, [model]);
  };
  const linear = (name: string, from: number, to: number): void => {
    weights[`transformer.${name}.weight`] = draw(next, [from, to], 1.5);
    weights[`transformer.${name}.bias`] = draw(next, [to]);
  };
  for (let layer = 0; layer < config.n_layer; layer++) {
    norm(`h.${layer}.ln_1`);
    linear(`h.${layer}.attn.c_attn`, model, 3 * model);
    linear(`h.${layer}.attn.c_proj`, model, model);
    norm(`h.${layer}.ln_2`);
    linear(`h.${layer}.mlp.c_fc`, model, 4 * model);
    linear(`h.${layer}.mlp.c_proj`, 4 * model, model);
  }
  norm("ln_f");
  return weights;
}

describe("random models, against a forward pass written in PyTorch's float64 operations", () => {
  const bare = (weights: Weights): Weights =>
    Object.fromEntries(
      Object.entries(weights).map(([name, weight]) => [name.replace(/^(model|transformer)\./, ""), weight]),
    );

  it.each(torch.models)("$config.model_type: logits of every position", ({ config, seed, ids, logits: wanted }) => {
    const tokens = dense([ids.length], ids);
    const [weights, run] =
      config.model_type === "gpt2"
        ? [randomGpt2(config as never, seed), (w: Weights) => gpt2({ ids: tokens, weights: w }, config as Gpt2Config)]
        : [
            randomLlama(config as never, seed),
            (w: Weights) => llama({ ids: tokens, weights: w }, config as LlamaConfig),
          ];
    expectClose(run(weights).logits, wanted.flat(), 1e-11);
    expect(run(bare(weights))).toEqual(run(weights));
    const [missing = ""] = Object.keys(weights);
    expect(() => run({ ...weights, [missing]: undefined } as never)).toThrow(`the checkpoint has no ${missing}`);
  });

  it("a tied head is the embedding table, whatever else the checkpoint holds", () => {
    const { config, seed, ids } = torch.models[1] ?? { config: undefined, seed: 0, ids: [] };
    const weights = randomLlama(config as never, seed);
    const inputs = { ids: dense([ids.length], ids), weights };
    const spare = { ...weights, "lm_head.weight": dense([13, 16]) };
    const tied = config as unknown as LlamaConfig;
    expect(llama({ ...inputs, weights: spare }, tied)).toEqual(llama(inputs, tied));
    const zeros = llama({ ...inputs, weights: spare }, { ...tied, tie_word_embeddings: false }).logits;
    expect(zeros.values.every((logit) => logit === 0)).toBe(true);
  });

  it("a given table replaces the unscaled one", () => {
    const { config, seed, ids } = torch.models[3] ?? { config: undefined, seed: 0, ids: [] };
    const inputs = { ids: dense([ids.length], ids), weights: randomLlama(config as never, seed) };
    const still = dense([ids.length, 2, 2], new Array(ids.length).fill([1, 0, 1, 0]).flat()); // no rotation
    const rotated = llama(inputs, config as unknown as LlamaConfig).logits;
    const unrotated = llama({ ...inputs, table: still }, config as unknown as LlamaConfig).logits;
    expectClose(rowOf(unrotated, 0), rowOf(rotated, 0));
    expect(Math.abs((rowOf(unrotated, 2)[0] ?? 0) - (rowOf(rotated, 2)[0] ?? 0))).toBeGreaterThan(1e-3);
  });
});
