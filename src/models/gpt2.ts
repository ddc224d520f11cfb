import { type ConfigReader, checkHeads, type DecoderConfig, readActivation } from "./config.ts";
import type { Family, LayerSources, OuterSources, WeightSource } from "./family.ts";

/**
 * GPT-2 (Radford et al. 2019): pre-norm layer norm, learned positions, fused query, key and value projection, GELU by
 * tanh, tied head. Its Conv1D weights are stored `[in, out]`.
 */
function read(config: ConfigReader, architecture: string): DecoderConfig {
  const width = config.integer("n_embd", undefined, 1 << 20);
  const heads = config.integer("n_head", undefined, 1 << 16);
  const layers = config.integer("n_layer", undefined, 1 << 12);
  checkHeads(config, width, heads, "n_head");
  const headWidth = width / heads;
  const scaled = config.boolean("scale_attn_weights", true) ? 1 / Math.sqrt(headWidth) : 1;
  const byLayer = config.boolean("scale_attn_by_inverse_layer_idx", false);
  return {
    architecture,
    vocabulary: config.integer("vocab_size", undefined, 1 << 24),
    width,
    layers,
    heads,
    kvHeads: heads,
    headWidth,
    hidden: config.integer("n_inner", 4 * width, 1 << 22),
    context: config.integer("n_positions", 1024, 1 << 24),
    norm: "layer",
    eps: config.number("layer_norm_epsilon", 1e-5),
    activation: readActivation(config, "activation_function", "gelu_new"),
    gated: false,
    tied: config.boolean("tie_word_embeddings", true),
    positions: { kind: "learned" },
    windows: new Array<undefined>(layers).fill(undefined),
    scales: Array.from({ length: layers }, (_, layer) => (byLayer ? scaled / (layer + 1) : scaled)),
  };
}

/** Names may begin with `transformer.`. */
const prefixFor = (has: (name: string) => boolean) => (has("wte.weight") ? "" : "transformer.");

function outer(config: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = prefixFor(has);
  const head: WeightSource = { name: "lm_head.weight", shape: [config.vocabulary, config.width] };
  return {
    embedding: { name: `${prefix}wte.weight`, shape: [config.vocabulary, config.width] },
    positions: { name: `${prefix}wpe.weight`, shape: [config.context, config.width] },
    norm: { name: `${prefix}ln_f.weight`, shape: [config.width] },
    normBias: { name: `${prefix}ln_f.bias`, shape: [config.width] },
    ...(config.tied || !has(head.name) ? {} : { head }),
  };
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { width, hidden } = config;
  const name = (rest: string) => `${prefixFor(has)}h.${index}.${rest}`;
  const vector = (rest: string, size: number): WeightSource => ({ name: name(rest), shape: [size] });
  const conv = (rest: string, input: number, out: number, rows?: readonly [number, number]): WeightSource => ({
    name: name(`${rest}.weight`),
    shape: [input, out],
    transposed: true,
    ...(rows ? { rows } : {}),
  });
  const third = (i: number): readonly [number, number] => [i * width, (i + 1) * width];
  const projection = (i: number) => conv("attn.c_attn", width, 3 * width, third(i));
  const projectionBias = (i: number): WeightSource => ({ ...vector("attn.c_attn.bias", 3 * width), rows: third(i) });
  return {
    attentionNorm: vector("ln_1.weight", width),
    attentionNormBias: vector("ln_1.bias", width),
    q: projection(0),
    qBias: projectionBias(0),
    k: projection(1),
    kBias: projectionBias(1),
    v: projection(2),
    vBias: projectionBias(2),
    output: conv("attn.c_proj", width, width),
    outputBias: vector("attn.c_proj.bias", width),
    feedForwardNorm: vector("ln_2.weight", width),
    feedForwardNormBias: vector("ln_2.bias", width),
    feedForward: {
      up: conv("mlp.c_fc", width, hidden),
      upBias: vector("mlp.c_fc.bias", hidden),
      down: conv("mlp.c_proj", hidden, width),
      downBias: vector("mlp.c_proj.bias", width),
    },
  };
}

export const gpt2: Family = { architectures: ["GPT2LMHeadModel"], read, outer, layer };
