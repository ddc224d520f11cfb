import {
  choice,
  type FieldReader,
  flag,
  integer,
  only,
  optional,
  positive,
  readFields,
  unsupported,
} from "../../formats/json/fields.ts";
import { activationOf } from "../config-fields.ts";
import type { WeightSource } from "../decoders/family.ts";
import { type RopeSettings, readRope } from "../decoders/rope.ts";
import type { EncoderConfig } from "./config.ts";
import {
  type EncoderFamily,
  type EncoderLayerSources,
  type EncoderSources,
  headWidthOf,
  layerOpposites,
  normSources,
  projectionSources,
} from "./family.ts";
import { maskedHead, pooledHead, tokenHeads } from "./heads/bert.ts";
import type { FamilyHeads, HeadNaming } from "./heads/head.ts";

const fields = {
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  intermediate_size: integer(1, 1 << 22),
  hidden_act: optional(choice(["gelu", "silu", "gelu_pytorch_tanh", "gelu_new"]), "gelu"),
  max_position_embeddings: optional(integer(1, 1 << 24), 2048),
  type_vocab_size: optional(integer(0, 1 << 16), 1),
  layer_norm_eps: optional(positive(1), 1e-12),
  layer_norm_type: only("layer_norm"),
  position_embedding_type: only("rope"),
  pack_qkv: only(true),
  tie_word_embeddings: optional(flag, true),
  logn_attention_scale: unsupported("scores that grow with the length are not supported", false),
  logn_attention_clip1: unsupported("scores that grow with the length are not supported", false),
};

/**
 * The rotary settings. "ntk" multiplies the base by a factor f and divides all frequencies by f^(2/d): the slowest of
 * d/2 pairs turns f times slower and the fastest nearly as before (text-embeddings-inference, layers/rotary.rs).
 */
function ropeOf(config: FieldReader, headWidth: number): RopeSettings {
  const scaling = config.raw["rope_scaling"] ?? undefined;
  const isNtk = typeof scaling === "object" && "type" in scaling && scaling.type === "ntk";
  if (!isNtk) return readRope(config, headWidth, 10_000);
  const { factor } = readFields(config.file, scaling, (name) => `rope_scaling.${name}`).read({
    factor: positive(1e6),
    mixed_b: unsupported("a stretch that differs from pair to pair is not supported"),
  });
  const theta = config.field("rope_theta", optional(positive(1e12), 10_000));
  return { theta: theta * factor, width: headWidth, scaling: { kind: "linear", factor: factor ** (2 / headWidth) } };
}

/**
 * gte v1.5 (Zhang et al. 2024, "mGTE"; `model_type` "new"): BERT with rotary positions, a gated feed-forward layer, and
 * queries, keys and values in one projection.
 */
function read(config: FieldReader, architecture: string): EncoderConfig {
  const given = config.read(fields);
  const { hidden_size: width, num_attention_heads: heads } = given;
  const headWidth = headWidthOf(config, "num_attention_heads", heads, "hidden_size", width);
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers: given.num_hidden_layers,
    heads,
    headWidth,
    hidden: given.intermediate_size,
    context: given.max_position_embeddings,
    types: given.type_vocab_size,
    positions: { kind: "rotary", all: ropeOf(config, headWidth) },
    norm: "layer",
    eps: given.layer_norm_eps,
    norms: "post",
    activation: activationOf(given.hidden_act),
    tied: given.tie_word_embeddings,
  };
}

/** The prefix of names; folders saved from the bare model have none. */
const prefixOf = (has: (name: string) => boolean) => (has("embeddings.word_embeddings.weight") ? "" : "new.");

function outer({ vocabulary, width, types }: EncoderConfig, has: (name: string) => boolean): EncoderSources {
  const prefix = `${prefixOf(has)}embeddings.`;
  const norm = normSources(`${prefix}LayerNorm`, width, has);
  return {
    embedding: { name: `${prefix}word_embeddings.weight`, shape: [vocabulary, width] },
    ...(types > 0 ? { types: { name: `${prefix}token_type_embeddings.weight`, shape: [types, width] } } : {}),
    embeddingNorm: norm.weight,
    embeddingNormBias: norm.bias,
  };
}

function layer({ width, hidden }: EncoderConfig, index: number, has: (name: string) => boolean): EncoderLayerSources {
  const at = `${prefixOf(has)}encoder.layer.${index}.`;
  const qkv = projectionSources(`${at}attention.qkv_proj`, width, 3 * width);
  const output = projectionSources(`${at}attention.o_proj`, width, width);
  const down = projectionSources(`${at}mlp.down_proj`, hidden, width);
  const both: WeightSource = { name: `${at}mlp.up_gate_proj.weight`, shape: [2 * hidden, width] };
  const [attentionNorm, feedForwardNorm] = [
    normSources(`${at}attn_ln`, width, has),
    normSources(`${at}mlp_ln`, width, has),
  ];
  const third = (source: WeightSource, i: number): WeightSource => ({ ...source, rows: [i * width, (i + 1) * width] });
  return {
    q: third(qkv.weight, 0),
    k: third(qkv.weight, 1),
    v: third(qkv.weight, 2),
    qBias: third(qkv.bias, 0),
    kBias: third(qkv.bias, 1),
    vBias: third(qkv.bias, 2),
    output: output.weight,
    outputBias: output.bias,
    attentionNorm: attentionNorm.weight,
    attentionNormBias: attentionNorm.bias,
    feedForwardNorm: feedForwardNorm.weight,
    feedForwardNormBias: feedForwardNorm.bias,
    feedForward: {
      // The rows of up come first.
      up: { ...both, rows: [0, hidden] },
      gate: { ...both, rows: [hidden, 2 * hidden] },
      down: down.weight,
      downBias: down.bias,
    },
  };
}

export const gte: EncoderFamily = {
  modelTypes: ["new"],
  read,
  outer,
  layer,
  opposites: layerOpposites,
  heads: (config, naming) => gteHeads(config, naming, prefixOf(naming.has)),
  // Heads that a model may not use.
  extras: () => [/\bembeddings\.position_ids$/, /\bpooler\./, /^(lm_head|classifier|qa_outputs)\b/],
};

/** The heads of gte v1.5: BERT's under other names, without next-sentence prediction. */
const gteHeads = (config: EncoderConfig, naming: HeadNaming, prefix: string): FamilyHeads => ({
  "masked-language": maskedHead(config, naming, {
    dense: "lm_head.dense",
    norm: "lm_head.norm",
    decoder: "lm_head.decoder",
    bias: ["lm_head.decoder.bias"],
  }),
  "sequence-classification": {
    ...pooledHead(config, naming, `${prefix}pooler.dense`, ["classifier", naming.labels]),
    shared: true,
  },
  ...tokenHeads(config, naming),
});
