import {
  choice,
  type FieldReader,
  flag,
  integer,
  list,
  optional,
  positive,
  unsupported,
} from "../../formats/json/fields.ts";
import { activationName, activationOf } from "../config-fields.ts";
import type { WeightSource } from "../decoders/family.ts";
import { readRope } from "../decoders/rope.ts";
import type { EncoderConfig } from "./config.ts";
import {
  type EncoderFamily,
  type EncoderLayerSources,
  type EncoderSources,
  headWidthOf,
  layerOpposites,
} from "./family.ts";
import { headSources, maskedHead } from "./heads/bert.ts";
import type { EncoderHead, FamilyHeads, HeadNaming } from "./heads/head.ts";

const biased = "a bias is not supported";
const fields = {
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  intermediate_size: integer(1, 1 << 22),
  hidden_activation: optional(choice(["gelu", "silu", "gelu_pytorch_tanh", "gelu_new"]), "gelu"),
  max_position_embeddings: optional(integer(1, 1 << 24), 8192),
  norm_eps: optional(positive(1), 1e-5),
  local_rope_theta: optional(positive(1e12)),
  local_attention: optional(integer(1, 1 << 24), 128),
  global_attn_every_n_layers: optional(integer(1, 1 << 12), 3),
  layer_types: optional(list(choice(["sliding_attention", "full_attention"]), "types of layers")),
  tie_word_embeddings: optional(flag, true),
  norm_bias: unsupported(biased, false),
  attention_bias: unsupported(biased, false),
  mlp_bias: unsupported(biased, false),
};

const [globalTheta, localTheta] = [160_000, 10_000];

/**
 * ModernBERT (Warner et al. 2024): norms before, none before the first attention, a final one; rotary positions; a
 * gated feed-forward layer; no biases; only every few layers see all tokens, with their own rotary frequencies.
 */
function read(config: FieldReader, architecture: string): EncoderConfig {
  const given = config.read(fields);
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers, layer_types: types } = given;
  const headWidth = headWidthOf(config, "num_attention_heads", heads, "hidden_size", width);
  if (types && types.length !== layers) config.fail("layer_types", `has ${types.length} entries for ${layers} layers`);
  const isLocal = (layer: number) =>
    types ? types[layer] === "sliding_attention" : layer % given.global_attn_every_n_layers !== 0;
  const window = Math.floor(given.local_attention / 2);
  const all = readRope(config, headWidth, globalTheta);
  const own = config.raw["local_rope_theta"] === null ? all.theta : (given.local_rope_theta ?? localTheta);
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers,
    heads,
    headWidth,
    hidden: given.intermediate_size,
    context: given.max_position_embeddings,
    types: 0,
    positions: {
      kind: "rotary",
      all,
      local: readRope(config, headWidth, globalTheta, { localTheta: own }),
    },
    windows: Array.from({ length: layers }, (_, layer) => (isLocal(layer) ? window : undefined)),
    norm: "layer",
    eps: given.norm_eps,
    norms: "pre",
    activation: activationOf(given.hidden_activation),
    tied: given.tie_word_embeddings,
  };
}

/** The prefix of names; folders saved from the bare model have none. */
const prefixOf = (has: (name: string) => boolean) => (has("embeddings.tok_embeddings.weight") ? "" : "model.");

function outer({ vocabulary, width }: EncoderConfig, has: (name: string) => boolean): EncoderSources {
  const prefix = prefixOf(has);
  return {
    embedding: { name: `${prefix}embeddings.tok_embeddings.weight`, shape: [vocabulary, width] },
    embeddingNorm: { name: `${prefix}embeddings.norm.weight`, shape: [width] },
    finalNorm: { name: `${prefix}final_norm.weight`, shape: [width] },
  };
}

function layer({ width, hidden }: EncoderConfig, index: number, has: (name: string) => boolean): EncoderLayerSources {
  const source = (name: string, ...shape: number[]): WeightSource => ({
    name: `${prefixOf(has)}layers.${index}.${name}.weight`,
    shape,
  });
  const [qkv, up] = [source("attn.Wqkv", 3 * width, width), source("mlp.Wi", 2 * hidden, width)];
  const third = (i: number): WeightSource => ({ ...qkv, rows: [i * width, (i + 1) * width] });
  return {
    ...(index > 0 ? { attentionNorm: source("attn_norm", width) } : {}),
    q: third(0),
    k: third(1),
    v: third(2),
    output: source("attn.Wo", width, width),
    feedForwardNorm: source("mlp_norm", width),
    feedForward: {
      gate: { ...up, rows: [0, hidden] },
      up: { ...up, rows: [hidden, 2 * hidden] },
      down: source("mlp.Wo", width, hidden),
    },
  };
}

export const modernBert: EncoderFamily = {
  modelTypes: ["modernbert"],
  read,
  outer,
  layer,
  opposites: layerOpposites,
  heads: modernBertHeads,
  // A projection of heads, with a bias if the config says so.
  fresh: (config) => {
    const isBiased = config.field("classifier_bias", optional(flag, false));
    return (name) => name === "head.dense.weight" || (isBiased && name === "head.dense.bias");
  },
  // Heads that a model may not use.
  extras: () => [/^(head|decoder|classifier)\b/],
};

/**
 * ModernBERT's heads: the same projection, activation and norm before each output; the one for texts reads the first
 * state or the mean of all. The outputs for texts, tokens and answers share one name.
 */
function modernBertHeads(config: EncoderConfig, naming: HeadNaming): FamilyHeads {
  const activation = activationOf(
    naming.config.field("classifier_activation", optional(activationName(false), "gelu")),
  );
  const pooling = naming.config.field("classifier_pooling", optional(choice(["cls", "mean"]), "cls"));
  const transform = { dense: "head.dense", norm: "head.norm" };
  const classifier = (rows: EncoderHead["rows"], outputs: number): EncoderHead => ({
    rows,
    activation,
    sources: headSources(config, naming, { ...transform, output: ["classifier", outputs] }),
    own: "classifier.weight",
    shared: true,
  });
  return {
    "masked-language": {
      ...maskedHead(config, naming, { ...transform, decoder: "decoder", bias: ["decoder.bias"] }, { activation }),
      own: "decoder.bias",
    },
    "sequence-classification": classifier(pooling === "cls" ? "first" : "mean", naming.labels),
    "token-classification": classifier("each", naming.labels),
    "question-answering": classifier("each", 2),
  };
}
