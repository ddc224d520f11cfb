import { parseRope } from "../kernels/rope/scaling.ts";
import { type ConfigReader, checkHeads, type DecoderConfig } from "./config.ts";
import { type ExpertCounts, readExperts } from "./experts.ts";
import {
  type Family,
  type LayerSources,
  type MixtureSources,
  type PackedBlocks,
  prefixFor,
  type WeightSource,
} from "./family.ts";
import { llama } from "./llama.ts";

const counts: ExpertCounts = {
  experts: { field: "num_local_experts" },
  chosen: { field: "num_experts_per_tok", fallback: 4 },
  width: "intermediate_size",
  normalise: true,
};

/**
 * gpt-oss (OpenAI 2025): pre-norm RMS, grouped-query attention with biases, a learned sink in each head and a window in
 * every other layer, rotary positions in halves, and experts with biases and a clamped SwiGLU in all layers. The
 * experts are stored as MXFP4, or transposed.
 */
function read(config: ConfigReader, architecture: string): DecoderConfig {
  const width = config.integer("hidden_size", undefined, 1 << 20);
  const heads = config.integer("num_attention_heads", undefined, 1 << 16);
  const kvHeads = config.integer("num_key_value_heads", heads, 1 << 16);
  checkHeads(config, heads, kvHeads, "num_key_value_heads");
  const headWidth = config.integer("head_dim", undefined, 1 << 12);
  if (headWidth % 2 !== 0) config.fail("head_dim", `is ${headWidth}, expected an even number`);
  const layers = config.integer("num_hidden_layers", undefined, 1 << 12);
  if (!config.boolean("attention_bias", true)) config.fail("attention_bias", "is false, expected true");
  // Constants of its experts' activation.
  for (const [name, known] of Object.entries({ swiglu_limit: 7, swiglu_alpha: 1.702 })) {
    const value = config.number(name, known);
    if (value !== known) config.fail(name, `is ${value}, expected ${known}`);
  }
  const { theta = 150000, scaling } = parseRope(config.raw);
  const mixture = readExperts(config, counts);
  return {
    architecture,
    vocabulary: config.integer("vocab_size", undefined, 1 << 24),
    width,
    layers,
    heads,
    kvHeads,
    headWidth,
    hidden: mixture.hidden,
    mixture: { ...mixture, activation: "clamped-swiglu" },
    context: config.integer("max_position_embeddings", 131072, 1 << 24),
    norm: "rms",
    eps: config.number("rms_norm_eps", 1e-5),
    activation: "silu",
    gated: true,
    tied: config.boolean("tie_word_embeddings", false),
    positions: { kind: "rope", theta, width: headWidth, scaling, layout: "halves" },
    windows: readWindows(config, layers),
  };
}

/** The window of each layer by `layer_types`; without that, the first layer and every second one after it have one. */
function readWindows(config: ConfigReader, layers: number): (number | undefined)[] {
  const window = config.integer("sliding_window", 128);
  const types = config.raw["layer_types"];
  if (types === undefined || types === null) {
    return Array.from({ length: layers }, (_, layer) => (layer % 2 === 0 ? window : undefined));
  }
  if (!Array.isArray(types)) return config.fail("layer_types", `is ${JSON.stringify(types)}, expected a list`);
  if (types.length !== layers) config.fail("layer_types", `has ${types.length} entries for ${layers} layers`);
  return types.map((type: unknown) => {
    if (type === "sliding_attention") return window;
    if (type === "full_attention") return undefined;
    return config.fail("layer_types", `has ${JSON.stringify(type)}, known are sliding_attention and full_attention`);
  });
}

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { width, heads, kvHeads, headWidth } = config;
  const at = `${prefixFor(has)}layers.${index}`;
  const vector = (rest: string, ...shape: number[]): WeightSource => ({ name: `${at}.${rest}`, shape });
  const weight = (rest: string, out: number, input: number) => vector(`${rest}.weight`, out, input);
  return {
    attentionNorm: vector("input_layernorm.weight", width),
    q: weight("self_attn.q_proj", heads * headWidth, width),
    qBias: vector("self_attn.q_proj.bias", heads * headWidth),
    k: weight("self_attn.k_proj", kvHeads * headWidth, width),
    kBias: vector("self_attn.k_proj.bias", kvHeads * headWidth),
    v: weight("self_attn.v_proj", kvHeads * headWidth, width),
    vBias: vector("self_attn.v_proj.bias", kvHeads * headWidth),
    output: weight("self_attn.o_proj", width, heads * headWidth),
    outputBias: vector("self_attn.o_proj.bias", width),
    sinks: vector("self_attn.sinks", heads),
    feedForwardNorm: vector("post_attention_layernorm.weight", width),
    feedForward: mixtureSources(config, `${at}.mlp`, has),
  };
}

/** Rows of gate and up already alternate in the checkpoint. */
function mixtureSources(config: DecoderConfig, at: string, has: (name: string) => boolean): MixtureSources {
  const { width, mixture: { experts, hidden } = { experts: 0, hidden: 0 } } = config;
  const stack = (name: string, out: number, input: number) => {
    const label = `${at}.experts.${name}`;
    const source: WeightSource = has(`${label}_blocks`)
      ? { name: `${label}_blocks`, shape: [experts, out, Math.ceil(input / 32), 16], packed: mxfp4(label) }
      : { name: label, shape: [experts, input, out], transposed: true };
    return { label, parts: [[source]] };
  };
  return {
    router: { name: `${at}.router.weight`, shape: [experts, width] },
    routerBias: { name: `${at}.router.bias`, shape: [experts] },
    gateUp: stack("gate_up_proj", 2 * hidden, width),
    gateUpBias: { name: `${at}.experts.gate_up_proj_bias`, shape: [experts, 2 * hidden] },
    down: stack("down_proj", width, hidden),
    downBias: { name: `${at}.experts.down_proj_bias`, shape: [experts, width] },
  };
}

/** The planes of MXFP4 with the blocks. */
const mxfp4 = (label: string): PackedBlocks => ({ format: "mxfp4", planes: { scales: `${label}_scales` } });

export const gptOss: Family = {
  architectures: ["GptOssForCausalLM"],
  read,
  outer: llama.outer,
  layer,
  packings: ["mxfp4"],
};
