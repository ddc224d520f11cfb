import { geglu, softcap } from "../activation.ts";
import { causal, masks } from "../attention/masks.ts";
import { scores } from "../attention/scores.ts";
import { type Dense, dense } from "../dense.ts";
import { add } from "../elementwise.ts";
import { gather } from "../embedding.ts";
import { matmul } from "../matmul.ts";
import { rmsNorm } from "../norm.ts";
import { rope } from "../rope.ts";
import { attend, named, optional, splitHeads, type Weights } from "./transformer.ts";

/** The fields of the `config.json` of Gemma 2 and 3 that change the arithmetic, under their names there. */
interface GemmaConfig {
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  hidden_size: number;
  rms_norm_eps: number;
  query_pre_attn_scalar: number;
  attn_logit_softcapping?: number | null;
  final_logit_softcapping?: number | null;
  sliding_window: number;
  /** `sliding_attention` for each layer with a window, which rotates by the table `local`. */
  layer_types: readonly string[];
}

/** The tensors of a forward pass. */
interface GemmaTensors {
  /** `[t]` */
  ids: Dense;
  weights: Weights;
  /** Cosines and sines `[p, d/2, 2]` of layers that see all tokens, and of those with a window. */
  table: Dense;
  local: Dense;
}

/**
 * A whole forward pass of Gemma 2 and 3 (Gemma Team 2024, 2025): embeddings times √width, weights of norms stored less
 * 1, norms before and after each layer, GeGLU, and the embedding table as the head. The checkpoint decides on norms of
 * queries and keys. ids `[t]` → logits `[t, v]`.
 */
export function gemma({ ids, weights, table, local }: GemmaTensors, config: GemmaConfig): { logits: Dense } {
  const { num_attention_heads: heads, num_key_value_heads: groups, rms_norm_eps: eps } = config;
  const weight = (name: string): Dense => named(weights, "model.", `${name}.weight`);
  const linear = (x: Dense, name: string): Dense => matmul({ x, weight: weight(name) }).y;
  const norm = (x: Dense, name: string): Dense => {
    const { shape, values } = weight(name);
    return rmsNorm(
      {
        x,
        weight: dense(
          shape,
          values.map((w) => 1 + w),
        ),
      },
      { eps },
    ).y;
  };
  const cap = config.attn_logit_softcapping;
  const score = cap ? scores.softcap({ cap }) : undefined;

  let x = gather({ ids, table: weight("embed_tokens") }, { scale: Math.sqrt(config.hidden_size) }).y;
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `layers.${layer}`;
    const slides = config.layer_types[layer] === "sliding_attention";
    const rotated = (projected: Dense, count: number, name: string): Dense => {
      const split = splitHeads(projected, count);
      const normed = optional(weights, "model.", `${name}.weight`) ? norm(split, name) : split;
      return rope({ x: normed, table: slides ? local : table }, { layout: "halves" }).y;
    };
    const attended = norm(x, `${at}.input_layernorm`);
    const q = rotated(linear(attended, `${at}.self_attn.q_proj`), heads, `${at}.self_attn.q_norm`);
    const k = rotated(linear(attended, `${at}.self_attn.k_proj`), groups, `${at}.self_attn.k_norm`);
    const v = splitHeads(linear(attended, `${at}.self_attn.v_proj`), groups);
    const mask = slides ? masks["sliding-window"]({ keys: config.sliding_window }) : causal;
    const mixed = attend({ q, k, v }, mask, 1 / Math.sqrt(config.query_pre_attn_scalar), score);
    const attention = linear(mixed, `${at}.self_attn.o_proj`);
    x = add({ a: x, b: norm(attention, `${at}.post_attention_layernorm`) }).y;

    const fed = norm(x, `${at}.pre_feedforward_layernorm`);
    const gate = linear(fed, `${at}.mlp.gate_proj`);
    const up = linear(fed, `${at}.mlp.up_proj`);
    const down = linear(geglu({ gate, up }).y, `${at}.mlp.down_proj`);
    x = add({ a: x, b: norm(down, `${at}.post_feedforward_layernorm`) }).y;
  }
  const logits = matmul({ x: norm(x, "norm"), weight: weight("embed_tokens") }).y;
  const end = config.final_logit_softcapping;
  return { logits: end ? softcap({ x: logits }, { cap: end }).y : logits };
}
