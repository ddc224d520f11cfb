import {
  anything,
  atLeast,
  type Checks,
  integer,
  oneOf,
  recordOf,
  required,
  size,
  text,
} from "../../options/checks.ts";
import { gelu, geluTanh } from "../activation.ts";
import { given, read, tensor } from "../arguments.ts";
import { attention } from "../attention/attention.ts";
import { full } from "../attention/masks.ts";
import { type Dense, dense, lengthOf, reshape } from "../dense.ts";
import { add } from "../elementwise.ts";
import { gather } from "../embedding.ts";
import { transpose } from "../layout.ts";
import { matmul } from "../matmul.ts";
import { layerNorm } from "../norm.ts";
import type { Weights } from "./transformer.ts";

/** The fields of the `config.json` of BERT and RoBERTa that change the arithmetic, under their names there. */
export interface BertConfig {
  model_type: string;
  num_hidden_layers: number;
  num_attention_heads: number;
  layer_norm_eps?: number;
  hidden_act?: string;
  /** Of RoBERTa, whose positions begin after it. */
  pad_token_id?: number;
}

const configChecks: Checks<BertConfig> = {
  model_type: required(text),
  num_hidden_layers: required(size),
  num_attention_heads: required(integer(1)),
  layer_norm_eps: atLeast(0),
  hidden_act: oneOf("gelu", "gelu_new", "gelu_pytorch_tanh"),
  pad_token_id: size,
};

/**
 * A whole forward pass of BERT (Devlin et al. 2018) or RoBERTa (Liu et al. 2019) over one text: embeddings of tokens,
 * positions and types, normed; then layers of attention in both directions and a feed-forward layer, each normed after
 * it is added (Vaswani et al. 2017, section 3.1). Names of weights have no prefix.
 *
 * ids `[t]`, types `[t]` → layers, each `[t, c]`: the output of the embeddings, then of every layer.
 */
export function bert(
  tensors: { ids: Dense; types: Dense; weights: Weights },
  file: BertConfig,
): { layers: readonly Dense[] } {
  const checks = { ids: tensor, types: tensor, weights: required(recordOf(anything)) };
  const { ids, types, weights } = given("bert", tensors, checks);
  const config = read("bert", file, configChecks);
  const { layer_norm_eps: eps = 1e-12, hidden_act: activation = "gelu" } = config;
  const weight = (name: string): Dense => {
    const found = weights[name];
    if (!found) throw new RangeError(`reference: the checkpoint has no ${name}`);
    return found;
  };
  const linear = (x: Dense, name: string): Dense =>
    matmul({ x, weight: weight(`${name}.weight`), bias: weight(`${name}.bias`) }).y;
  const norm = (x: Dense, name: string): Dense =>
    layerNorm({ x, weight: weight(`${name}.weight`), bias: weight(`${name}.bias`) }, { eps }).y;
  const sum = (a: Dense, b: Dense): Dense => add({ a, b }).y;

  const first = config.model_type === "bert" ? 0 : (config.pad_token_id ?? 1) + 1;
  const positions = dense(
    ids.shape,
    Array.from(ids.values.keys(), (i) => first + i),
  );
  const rows = (of: Dense, name: string): Dense => gather({ ids: of, table: weight(`embeddings.${name}.weight`) }).y;
  const tokens = sum(rows(ids, "word_embeddings"), rows(positions, "position_embeddings"));
  let x = norm(sum(tokens, rows(types, "token_type_embeddings")), "embeddings.LayerNorm");

  const layers = [x];
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `encoder.layer.${layer}`;
    const heads = (name: string): Dense =>
      splitHeads(linear(x, `${at}.attention.self.${name}`), config.num_attention_heads);
    const { out } = attention({ q: heads("query"), k: heads("key"), v: heads("value") }, { mask: full });
    const attended = linear(joinHeads(out), `${at}.attention.output.dense`);
    x = norm(sum(x, attended), `${at}.attention.output.LayerNorm`);
    const hidden = linear(x, `${at}.intermediate.dense`);
    const active = (activation === "gelu" ? gelu : geluTanh)({ x: hidden }).y;
    x = norm(sum(x, linear(active, `${at}.output.dense`)), `${at}.output.LayerNorm`);
    layers.push(x);
  }
  return { layers };
}

/** `[t, heads · d]` → `[1, heads, t, d]`. */
function splitHeads(x: Dense, heads: number): Dense {
  const [t, columns] = [lengthOf(x.shape, 0), lengthOf(x.shape, 1)];
  return transpose({ x: reshape(x, [1, t, heads, columns / heads]) }, { order: [0, 2, 1, 3] }).y;
}

/** `[1, heads, t, d]` → `[t, heads · d]`. */
function joinHeads(x: Dense): Dense {
  const [heads, t, d] = [1, 2, 3].map((axis) => lengthOf(x.shape, axis)) as [number, number, number];
  return reshape(transpose({ x }, { order: [0, 2, 1, 3] }).y, [t, heads * d]);
}
