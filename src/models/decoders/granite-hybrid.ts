import { choice, type FieldReader, flag, integer, list, only, optional, positive } from "../../formats/json/fields.ts";
import { checkHeads } from "../config-fields.ts";
import type { DecoderConfig, Mixer } from "./config.ts";
import { stackSources } from "./experts.ts";
import { type Family, type LayerSources, type OuterSources, prefixFor, type WeightSource } from "./family.ts";
import { layersAndHead } from "./llama.ts";
import { checkMambaHeads, mambaFields, mambaSources } from "./mamba2.ts";
import { readRope } from "./rope.ts";

const factor = optional(positive(), 1);

const fields = {
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  intermediate_size: optional(integer(1, 1 << 22), 11_008),
  shared_intermediate_size: optional(integer(1, 1 << 22), 1024),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  num_key_value_heads: optional(integer(1, 1 << 16)),
  max_position_embeddings: optional(integer(1, 1 << 24), 2048),
  rms_norm_eps: optional(positive(1), 1e-6),
  hidden_act: optional(choice(["silu", "swish"]), "silu"),
  tie_word_embeddings: optional(flag, false),
  attention_bias: optional(only(false)),
  position_embedding_type: optional(choice(["nope", "rope"]), "nope"),
  layer_types: optional(list(choice(["mamba", "attention"]), "types of layers")),
  num_local_experts: optional(integer(0, 1024), 8),
  num_experts_per_tok: optional(integer(0, 1024), 2),
  ...mambaFields,
  mamba_proj_bias: optional(flag, false),
  embedding_multiplier: factor,
  attention_multiplier: factor,
  residual_multiplier: factor,
  logits_scaling: factor,
};

/**
 * Granite 4 hybrid (IBM 2025): most layers are Mamba-2, the others grouped-query attention, mostly without positions;
 * SwiGLU follows, or experts with a shared one. A factor r of all that is added to the residual stream is taken out of
 * it: the stream here is that of the definition over r, so that the embeddings are divided by r, and the epsilons of the
 * norms of the stream by r².
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const given = config.read(fields);
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers } = given;
  const kvHeads = given.num_key_value_heads ?? heads;
  checkHeads(config, heads, kvHeads, "num_key_value_heads");
  const headWidth = width / heads;
  if (!Number.isInteger(headWidth)) {
    config.fail("num_attention_heads", `is ${heads}, which does not divide hidden_size ${width}`);
  }
  const { mamba_n_heads: stateHeads, mamba_n_groups: groups } = given;
  const inner = given.mamba_expand * width;
  checkMambaHeads(config, [inner, "mamba_expand · hidden_size"], stateHeads, groups);
  const types = given.layer_types ?? new Array<"mamba">(layers).fill("mamba");
  if (types.length !== layers) config.fail("layer_types", `has ${types.length} entries for ${layers} layers`);
  const { num_local_experts: experts, num_experts_per_tok: k } = given;
  if (experts > 0 && (k < 1 || k > experts)) {
    config.fail("num_experts_per_tok", `is ${k}, expected from 1 to num_local_experts, ${experts}`);
  }
  const r = given.residual_multiplier;
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers,
    heads,
    kvHeads,
    headWidth,
    hidden: given.shared_intermediate_size,
    context: given.max_position_embeddings,
    norm: "rms",
    eps: given.rms_norm_eps / (r * r),
    activation: "silu",
    gated: true,
    tied: given.tie_word_embeddings,
    positions:
      given.position_embedding_type === "rope"
        ? { kind: "rope", ...readRope(config, headWidth, 1e4), layout: "halves" }
        : { kind: "none" },
    windows: new Array<undefined>(layers).fill(undefined),
    scales: new Array<number>(layers).fill(given.attention_multiplier),
    embeddingScale: given.embedding_multiplier / r,
    multipliers: { logits: 1 / given.logits_scaling, residual: r },
    ...(experts > 0
      ? {
          mixture: {
            experts,
            hidden: given.intermediate_size,
            rule: { k, scores: "softmax", normalise: true },
            activation: "swiglu",
            shared: given.shared_intermediate_size,
          },
        }
      : {}),
    ...(types.includes("mamba")
      ? {
          mixers: types.map((type): Mixer => (type === "mamba" ? "state" : "attention")),
          state: {
            kind: "mamba",
            heads: stateHeads,
            headWidth: inner / stateHeads,
            groups,
            rows: given.mamba_d_state,
            taps: given.mamba_d_conv,
            norm: { gate: "before", groups: 1 },
            eps: given.rms_norm_eps,
            biases: { convolution: given.mamba_conv_bias, projections: given.mamba_proj_bias },
          } as const,
        }
      : {}),
  };
}

function outer({ vocabulary, width, tied, multipliers }: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = prefixFor(has);
  return {
    embedding: { name: `${prefix}embed_tokens.weight`, shape: [vocabulary, width] },
    norm: { name: `${prefix}norm.weight`, shape: [width], factor: multipliers?.logits ?? 1 },
    ...(tied ? {} : { head: { name: "lm_head.weight", shape: [vocabulary, width] } }),
  };
}

const experts = {
  gate: "",
  up: "",
  down: "",
  fused: { gateUp: "block_sparse_moe.input_linear.weight", down: "block_sparse_moe.output_linear.weight" },
};

function layer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { width, hidden, heads, kvHeads, headWidth, mixture } = config;
  const at = `${prefixFor(has)}layers.${index}`;
  const source = (rest: string, ...shape: number[]): WeightSource => ({ name: `${at}.${rest}`, shape });
  const weight = (rest: string, ...shape: number[]) => source(`${rest}.weight`, ...shape);
  const stacks = mixture && stackSources(mixture, width, experts, { source, has: () => true });
  const [ofQ, ofKv] = [heads * headWidth, kvHeads * headWidth];
  const both = weight("shared_mlp.input_linear", 2 * hidden, width);
  const dense = {
    gate: { ...both, rows: [0, hidden] as const },
    up: { ...both, rows: [hidden, 2 * hidden] as const },
    down: weight("shared_mlp.output_linear", width, hidden),
  };
  return {
    attentionNorm: weight("input_layernorm", width),
    ...(config.mixers?.[index] === "state"
      ? { state: mambaSources(config, (rest, ...shape) => source(`mamba.${rest}`, ...shape)) }
      : {
          q: weight("self_attn.q_proj", ofQ, width),
          k: weight("self_attn.k_proj", ofKv, width),
          v: weight("self_attn.v_proj", ofKv, width),
          output: weight("self_attn.o_proj", width, ofQ),
        }),
    feedForwardNorm: weight("post_attention_layernorm", width),
    feedForward: stacks
      ? {
          router: weight("block_sparse_moe.router.layer", mixture?.experts ?? 0, width),
          gateUp: { ...stacks.gateUp, together: true },
          down: { ...stacks.down, together: true },
          shared: dense,
        }
      : dense,
  };
}

export const graniteHybrid: Family = {
  architectures: ["GraniteMoeHybridForCausalLM"],
  read,
  outer,
  layer,
  opposites: layersAndHead,
};
