import {
  anything,
  atLeast,
  boolean,
  type Checks,
  either,
  integer,
  listOf,
  oneOf,
  positive,
  recordOf,
  required,
  size,
  text,
} from "../../options/checks.ts";
import { swiglu } from "../activation.ts";
import { argument, given, optionalTensor, read, tensor } from "../arguments.ts";
import { attention } from "../attention/attention.ts";
import { causal, type Mask, masks } from "../attention/masks.ts";
import type { Score } from "../attention/scores.ts";
import { type Dense, lengthOf, reshape } from "../dense.ts";
import { add } from "../elementwise.ts";
import { gather } from "../embedding.ts";
import { transpose } from "../layout.ts";
import { matmul } from "../matmul.ts";
import { rmsNorm } from "../norm.ts";
import { cosinesAndSines, rope } from "../rope.ts";

/** A checkpoint's tensors by their Hugging Face names. */
export type Weights = Readonly<Record<string, Dense>>;

/** The fields of the Llama family's `config.json` that change the arithmetic, under their names there. */
export interface LlamaConfig {
  model_type: string;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads?: number;
  hidden_size: number;
  head_dim?: number | null;
  rms_norm_eps: number;
  rope_theta?: number;
  tie_word_embeddings?: boolean;
  sliding_window?: number | null;
  use_sliding_window?: boolean;
  max_window_layers?: number;
  layer_types?: readonly string[];
  /** 0 for each layer that rotates no queries and keys (SmolLM3), 1 for the others; unset: all do. */
  no_rope_layers?: readonly number[];
}

const llamaChecks: Checks<LlamaConfig> = {
  model_type: required(text),
  num_hidden_layers: required(size),
  num_attention_heads: required(integer(1)),
  num_key_value_heads: integer(1),
  hidden_size: required(integer(1)),
  head_dim: either(oneOf(null), integer(1)),
  rms_norm_eps: required(atLeast(0)),
  rope_theta: positive,
  tie_word_embeddings: boolean,
  sliding_window: either(oneOf(null), size),
  use_sliding_window: boolean,
  max_window_layers: size,
  layer_types: listOf(text),
  no_rope_layers: listOf(size),
};

/** Weights; only those that are used are checked. */
export const weightsCheck = required(recordOf(anything));

/**
 * A whole forward pass of the Llama family: Llama, Mistral (sliding window), Qwen2 (biases on q, k and v) and Qwen3
 * (RMS norm of each q and k head, separate head width), SmolLM3 (layers without rotation) and
 * OLMo 2 (norms of the layers' results, and of all q or k heads together) and OLMo 3 (with a window in three of four
 * layers). The checkpoint decides: a bias or a head norm is applied where it has one, and without `lm_head.weight` the
 * embedding table is the head.
 *
 * ids `[t]`, table `[p, r/2, 2]` (none: unscaled RoPE by `rope_theta`), which in OLMo 3 is that of layers without a
 * window → logits `[t, v]`.
 */
export function llama(tensors: { ids: Dense; weights: Weights; table?: Dense }, file: LlamaConfig): { logits: Dense } {
  return llamaOf(tensors, file, {});
}

/** Roundings of an implementation; without a function, values are left as they are. */
interface Roundings {
  /** Changes the input of a product with the matrix of this name. */
  readonly multiplied?: (x: Dense, name: string) => Dense;
  /** Keys, rotated, and values `[1, t, heads, d]`, as a cache keeps them. */
  readonly cached?: (x: Dense) => Dense;
}

/** `llama` of an implementation that rounds. */
export function llamaOf(
  tensors: { ids: Dense; weights: Weights; table?: Dense },
  file: LlamaConfig,
  { multiplied = (x) => x, cached = (x) => x }: Roundings,
): { logits: Dense } {
  const checks = { ids: tensor, weights: weightsCheck, table: optionalTensor };
  const { ids, weights, table } = given("llama", tensors, checks);
  const config = read("llama", file, llamaChecks);
  const heads = config.num_attention_heads;
  const groups = config.num_key_value_heads ?? heads;
  const width = config.head_dim ?? config.hidden_size / heads;
  const eps = config.rms_norm_eps;
  const positions = lengthOf(ids.shape, 0);
  const unscaled = cosinesAndSines({ theta: config.rope_theta ?? 10_000, width, positions });
  const weight = (name: string): Dense => named(weights, "model.", `${name}.weight`);
  const linear = (x: Dense, name: string): Dense => {
    const bias = optional(weights, "model.", `${name}.bias`);
    return matmul({ x: multiplied(x, `model.${name}.weight`), weight: weight(name), bias }).y;
  };
  const norm = (x: Dense, name: string): Dense => rmsNorm({ x, weight: weight(name) }, { eps }).y;
  const rotatedHeads = (x: Dense, count: number, layer: number, normName: string): Dense => {
    const scale = optional(weights, "model.", `${normName}.weight`);
    // Of each head by itself, or of all of them as one vector.
    const whole = scale !== undefined && lengthOf(scale.shape, 0) === count * width && count > 1;
    const split = splitHeads(whole ? norm(x, normName) : x, count);
    const normed = scale && !whole ? norm(split, normName) : split;
    if (config.no_rope_layers?.[layer] === 0) return normed;
    const angles = config.model_type === "olmo3" && maskOf(config, layer) !== causal ? unscaled : (table ?? unscaled);
    return rope({ x: normed, table: angles }, { layout: "halves" }).y;
  };

  let x = gather({ ids, table: weight("embed_tokens") }).y;
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `layers.${layer}`;
    // OLMo 2 norms the layers' results, not their inputs.
    const after = optional(weights, "model.", `${at}.post_feedforward_layernorm.weight`) !== undefined;
    const attended = after ? x : norm(x, `${at}.input_layernorm`);
    const q = rotatedHeads(linear(attended, `${at}.self_attn.q_proj`), heads, layer, `${at}.self_attn.q_norm`);
    const k = cached(rotatedHeads(linear(attended, `${at}.self_attn.k_proj`), groups, layer, `${at}.self_attn.k_norm`));
    const v = cached(splitHeads(linear(attended, `${at}.self_attn.v_proj`), groups));
    const attention = linear(attend({ q, k, v }, maskOf(config, layer)), `${at}.self_attn.o_proj`);
    x = add({ a: x, b: after ? norm(attention, `${at}.post_attention_layernorm`) : attention }).y;

    const fed = after ? x : norm(x, `${at}.post_attention_layernorm`);
    const gate = linear(fed, `${at}.mlp.gate_proj`);
    const up = linear(fed, `${at}.mlp.up_proj`);
    const down = linear(swiglu({ gate, up }).y, `${at}.mlp.down_proj`);
    x = add({ a: x, b: after ? norm(down, `${at}.post_feedforward_layernorm`) : down }).y;
  }
  const head = config.tie_word_embeddings ? undefined : optional(weights, "", "lm_head.weight");
  const last = multiplied(norm(x, "norm"), head ? "lm_head.weight" : "model.embed_tokens.weight");
  return { logits: matmul({ x: last, weight: head ?? weight("embed_tokens") }).y };
}

/** `[t, heads · d]` → `[1, t, heads, d]`. */
export function splitHeads(x: Dense, heads: number): Dense {
  const [t, columns] = [lengthOf(x.shape, 0), lengthOf(x.shape, 1)];
  return reshape(x, [1, t, heads, columns / heads]);
}

/** Attention of one sequence over itself; q, k, v `[1, t, heads, d]` → `[t, heads · d]`. */
export function attend(
  { q, k, v }: { q: Dense; k: Dense; v: Dense },
  mask: Mask,
  scale?: number,
  score: Score = (value) => value,
): Dense {
  const headsFirst = (x: Dense): Dense => transpose({ x }, { order: [0, 2, 1, 3] }).y;
  const inputs = { q: headsFirst(q), k: headsFirst(k), v: headsFirst(v) };
  const { out } = attention(inputs, { mask, score, ...(scale === undefined ? {} : { scale }) });
  return reshape(headsFirst(out), [lengthOf(q.shape, 1), lengthOf(q.shape, 2) * lengthOf(v.shape, 3)]);
}

/**
 * Mistral has a window in all layers; Qwen only where the config enables it, from layer `max_window_layers` on;
 * `layer_types` overrides both. OLMo 3 has one in all layers but every fourth.
 */
function maskOf(config: LlamaConfig, layer: number): Mask {
  const { model_type: family, sliding_window: window, layer_types: types } = config;
  const always = family === "mistral" || family === "phi3" || family === "olmo3";
  const families = always || (family.startsWith("qwen") && config.use_sliding_window === true);
  if (!families || !window) return causal;
  const first = always ? 0 : (config.max_window_layers ?? 28);
  const own = family === "olmo3" ? (layer + 1) % 4 !== 0 : layer >= first;
  const slides = types ? types[layer] === "sliding_attention" : own;
  return slides ? masks["sliding-window"]({ keys: window }) : causal;
}

/** A weight by its name, with the prefix that a folder saved from the bare model lacks. */
export function optional(weights: Weights, prefix: string, name: string): Dense | undefined {
  const weight = weights[prefix + name] ?? weights[name];
  return weight && argument("reference", name, weight, tensor);
}

export function named(weights: Weights, prefix: string, name: string): Dense {
  const weight = optional(weights, prefix, name);
  if (!weight) throw new RangeError(`reference: the checkpoint has no ${prefix}${name}`);
  return weight;
}
