import { atLeast, boolean, type Checks, integer, oneOf, required, size } from "../../options/checks.ts";
import { geluTanh, silu } from "../activation.ts";
import { given, read, tensor } from "../arguments.ts";
import { causal } from "../attention/masks.ts";
import { type Dense, dense, lengthOf } from "../dense.ts";
import { add } from "../elementwise.ts";
import { gather } from "../embedding.ts";
import { slice, transpose } from "../layout.ts";
import { matmul } from "../matmul.ts";
import { layerNorm } from "../norm.ts";
import { attend, named, splitHeads, type Weights, weightsCheck } from "./transformer.ts";

/** The fields of GPT-2's `config.json` that change the arithmetic, under their names there. */
export interface Gpt2Config {
  n_layer: number;
  n_head: number;
  layer_norm_epsilon: number;
  activation_function?: string;
  scale_attn_weights?: boolean;
  scale_attn_by_inverse_layer_idx?: boolean;
}

const gpt2Checks: Checks<Gpt2Config> = {
  n_layer: required(size),
  n_head: required(integer(1)),
  layer_norm_epsilon: required(atLeast(0)),
  activation_function: oneOf("gelu_new", "gelu_pytorch_tanh"),
  scale_attn_weights: boolean,
  scale_attn_by_inverse_layer_idx: boolean,
};

/** The fields of GPT-1's `config.json` that change the arithmetic, under their names there. */
export interface Gpt1Config {
  n_layer: number;
  n_head: number;
  layer_norm_epsilon: number;
  /** `gelu`, the default, is GELU by tanh. */
  afn?: string;
}

const gpt1Checks: Checks<Gpt1Config> = {
  n_layer: required(size),
  n_head: required(integer(1)),
  layer_norm_epsilon: required(atLeast(0)),
  afn: oneOf("gelu", "silu", "swish"),
};

/** Common to both: linear layers stored `[in, out]`, and one projection for q, k and v. */
function parts(weights: Weights, heads: number, eps: number) {
  const weight = (name: string): Dense => named(weights, "transformer.", name);
  const norm = (x: Dense, name: string): Dense =>
    layerNorm({ x, weight: weight(`${name}.weight`), bias: weight(`${name}.bias`) }, { eps }).y;
  const linear = (x: Dense, name: string): Dense => {
    const stored = { x: weight(`${name}.weight`) };
    return matmul({ x, weight: transpose(stored, { order: [1, 0] }).y, bias: weight(`${name}.bias`) }).y;
  };
  /** `scale` multiplies the scores; unset: `1/√d`. */
  const attended = (x: Dense, at: string, scale?: number): Dense => {
    const qkv = linear(x, `${at}.attn.c_attn`);
    const model = lengthOf(x.shape, 1);
    const third = (n: number): Dense =>
      splitHeads(slice({ x: qkv }, { axis: 1, start: n * model, end: (n + 1) * model }).y, heads);
    return linear(attend({ q: third(0), k: third(1), v: third(2) }, causal, scale), `${at}.attn.c_proj`);
  };
  return { weight, norm, linear, attended };
}

/** Rows of a table for tokens and of one for their positions, added. */
const embedded = (ids: Dense, tokens: Dense, positions: Dense): Dense =>
  add({
    a: gather({ ids, table: tokens }).y,
    b: gather({ ids: dense(ids.shape, [...ids.values.keys()]), table: positions }).y,
  }).y;

/**
 * A whole forward pass of GPT-2: layer norm, learned positions, one projection for q, k and v, tanh GELU, tied head.
 * Its linear layers are stored `[in, out]`. ids `[t]` → logits `[t, v]`.
 */
export function gpt2(tensors: { ids: Dense; weights: Weights }, file: Gpt2Config): { logits: Dense } {
  const { ids, weights } = given("gpt2", tensors, { ids: tensor, weights: weightsCheck });
  const config = read("gpt2", file, gpt2Checks);
  const { weight, norm, linear, attended } = parts(weights, config.n_head, config.layer_norm_epsilon);
  let x = embedded(ids, weight("wte.weight"), weight("wpe.weight"));
  const width = lengthOf(x.shape, 1) / config.n_head;
  for (let layer = 0; layer < config.n_layer; layer++) {
    const at = `h.${layer}`;
    const scale =
      (config.scale_attn_weights === false ? 1 : 1 / Math.sqrt(width)) /
      (config.scale_attn_by_inverse_layer_idx ? layer + 1 : 1);
    x = add({ a: x, b: attended(norm(x, `${at}.ln_1`), at, scale) }).y;
    const hidden = geluTanh({ x: linear(norm(x, `${at}.ln_2`), `${at}.mlp.c_fc`) }).y;
    x = add({ a: x, b: linear(hidden, `${at}.mlp.c_proj`) }).y;
  }
  return { logits: matmul({ x: norm(x, "ln_f"), weight: weight("wte.weight") }).y };
}

/**
 * A whole forward pass of GPT-1 (Radford et al. 2018): GPT-2's layers with layer norms of the sums, and none before the
 * head, which is the embedding. ids `[t]` → logits `[t, v]`.
 */
export function gpt1(tensors: { ids: Dense; weights: Weights }, file: Gpt1Config): { logits: Dense } {
  const { ids, weights } = given("gpt1", tensors, { ids: tensor, weights: weightsCheck });
  const { n_layer, n_head, layer_norm_epsilon, afn = "gelu" } = read("gpt1", file, gpt1Checks);
  const { weight, norm, linear, attended } = parts(weights, n_head, layer_norm_epsilon);
  const activation = afn === "gelu" ? geluTanh : silu;
  let x = embedded(ids, weight("tokens_embed.weight"), weight("positions_embed.weight"));
  for (let layer = 0; layer < n_layer; layer++) {
    const at = `h.${layer}`;
    x = norm(add({ a: x, b: attended(x, at) }).y, `${at}.ln_1`);
    const hidden = activation({ x: linear(x, `${at}.mlp.c_fc`) }).y;
    x = norm(add({ a: x, b: linear(hidden, `${at}.mlp.c_proj`) }).y, `${at}.ln_2`);
  }
  return { logits: matmul({ x, weight: weight("tokens_embed.weight") }).y };
}
