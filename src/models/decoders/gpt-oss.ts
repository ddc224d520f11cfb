import { type FieldReader, flag, integer, only, optional, positive } from "../../formats/json/fields.ts";
import { checkHeads, layerTypes, windowsOf } from "../config-fields.ts";
import type { DecoderConfig } from "./config.ts";
import { type ExpertCounts, type LayerWeights, readExperts, stackSources } from "./experts.ts";
import {
  type Family,
  type LayerSources,
  type MixtureSources,
  type PackedBlocks,
  prefixFor,
  type WeightSource,
} from "./family.ts";
import { layersAndHead, llama } from "./llama.ts";
import { readRope } from "./rope.ts";

const counts: ExpertCounts = {
  experts: { field: "num_local_experts" },
  chosen: { field: "num_experts_per_tok", fallback: 4 },
  width: "intermediate_size",
  normalise: true,
};

const fields = {
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  num_key_value_heads: optional(integer(1, 1 << 16)),
  head_dim: integer(1, 1 << 12),
  max_position_embeddings: optional(integer(1, 1 << 24), 131072),
  rms_norm_eps: optional(positive(1), 1e-5),
  tie_word_embeddings: optional(flag, false),
  attention_bias: only(true),
  // Constants of its experts' activation.
  swiglu_limit: only(7),
  swiglu_alpha: only(1.702),
  sliding_window: optional(integer(1, 1 << 24), 128),
  layer_types: layerTypes,
};

/**
 * gpt-oss (OpenAI 2025): pre-norm RMS, grouped-query attention with biases, a learned sink in each head and a window in
 * every other layer, rotary positions in halves, and experts with biases and a clamped SwiGLU in all layers. The
 * experts are stored as MXFP4, or transposed.
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const given = config.read(fields);
  const { num_attention_heads: heads, head_dim: headWidth, num_hidden_layers: layers } = given;
  const kvHeads = given.num_key_value_heads ?? heads;
  checkHeads(config, heads, kvHeads, "num_key_value_heads");
  if (headWidth % 2 !== 0) config.fail("head_dim", `is ${headWidth}, expected an even number`);
  const mixture = readExperts(config, counts);
  // Without a list, the first layer and every second one after it have a window.
  const windows = windowsOf(config, given, given.sliding_window, (layer) => layer % 2 === 0);
  return {
    architecture,
    vocabulary: given.vocab_size,
    width: given.hidden_size,
    layers,
    heads,
    kvHeads,
    headWidth,
    hidden: mixture.hidden,
    mixture: { ...mixture, activation: "clamped-swiglu" },
    context: given.max_position_embeddings,
    norm: "rms",
    eps: given.rms_norm_eps,
    activation: "silu",
    gated: true,
    tied: given.tie_word_embeddings,
    positions: { kind: "rope", ...readRope(config, headWidth, 150000), layout: "halves" },
    windows,
  };
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

/** Names where each expert's matrices are separate tensors, as they are read from GGUF files. */
const apart = { gate: "experts.*.gate_proj", up: "experts.*.up_proj", down: "experts.*.down_proj" };

/** In Hugging Face's checkpoints, rows of gate and up already alternate. */
function mixtureSources(config: DecoderConfig, at: string, has: (name: string) => boolean): MixtureSources {
  const { width, mixture } = config;
  if (!mixture) throw new TypeError(`${config.architecture}: the config has no experts`);
  const { experts, hidden } = mixture;
  const stack = (name: string, out: number, input: number) => {
    const label = `${at}.experts.${name}`;
    const source: WeightSource = has(`${label}_blocks`)
      ? { name: `${label}_blocks`, shape: [experts, out, Math.ceil(input / 32), 16], packed: mxfp4(label) }
      : { name: label, shape: [experts, input, out], transposed: true };
    return { label, parts: [[source]] };
  };
  const layer: LayerWeights = {
    source: (rest, ...shape) => ({ name: `${at}.${rest}`, shape }),
    has: (rest) => has(`${at}.${rest}`),
  };
  const { gateUp, down } = layer.has("experts.0.gate_proj.weight")
    ? stackSources(mixture, width, apart, layer)
    : { gateUp: stack("gate_up_proj", 2 * hidden, width), down: stack("down_proj", width, hidden) };
  return {
    router: { name: `${at}.router.weight`, shape: [experts, width] },
    routerBias: { name: `${at}.router.bias`, shape: [experts] },
    gateUp,
    gateUpBias: { name: `${at}.experts.gate_up_proj_bias`, shape: [experts, 2 * hidden] },
    down,
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
  opposites: layersAndHead,
  packings: ["mxfp4"],
};
