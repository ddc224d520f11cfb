import { FormatError } from "../formats/format-error.ts";
import type { GgufValue } from "../formats/gguf/header.ts";
import type { DeltaNetHeads } from "../formats/gguf/value-heads.ts";
import type { DecoderConfig, StateConfig } from "../models/decoders/config.ts";

// What a GGUF file says about layers with a state.

/** @throws FormatError naming a field of `config.json`. */
export const refuse = (field: string, problem: string): never => {
  throw new FormatError("config.json", problem, { field });
};

export const integer = (value: number): GgufValue => ({ type: "u32", value });
export const float = (value: number): GgufValue => ({ type: "f32", value });

/** Metadata by its keys. */
export type Entries = Record<string, GgufValue>;

/** Heads of keys and values in each layer, where not all have them. */
const kvHeadsOf = ({ mixers = [], kvHeads }: DecoderConfig): number[] =>
  mixers.map((mixer) => (mixer === "state" ? 0 : kvHeads));

/** Layers that are short convolutions, which have no heads of keys and values. */
function convolutionEntries(config: DecoderConfig, architecture: string): Entries {
  const { state } = config;
  if (state?.kind !== "convolution") return {};
  if (state.biased) refuse("conv_bias", `is true, which GGUF files of kind ${architecture} have no tensors for`);
  return {
    "attention.head_count_kv": { type: "array", of: "i32", value: kvHeadsOf(config) },
    "shortconv.l_cache": integer(state.taps),
  };
}

/** State spaces; a model of them alone has no heads of attention. */
function spaceEntries(config: DecoderConfig, architecture: string): Entries {
  const { state } = config;
  if (state?.kind !== "mamba") return {};
  const { groups, heads, headWidth, rows, taps, biases } = state;
  const [ofGroups, ofBiases] = config.architecture.startsWith("Mamba2")
    ? ["n_groups", "use_bias"]
    : ["mamba_n_groups", "mamba_proj_bias"];
  if (groups !== 1)
    refuse(ofGroups, `is ${groups}: readers of GGUF files of kind ${architecture} norm each group by itself`);
  if (biases.projections) refuse(ofBiases, `is true, which GGUF files of kind ${architecture} have no tensors for`);
  const counts = kvHeadsOf(config);
  const attends = counts.some((count) => count > 0);
  return {
    "ssm.conv_kernel": integer(taps),
    "ssm.inner_size": integer(heads * headWidth),
    "ssm.state_size": integer(rows),
    "ssm.time_step_rank": integer(heads),
    "ssm.group_count": integer(groups),
    ...(attends
      ? { "attention.head_count_kv": { type: "array", of: "i32", value: counts } }
      : { "attention.head_count": integer(0), "attention.head_count_kv": integer(0), feed_forward_length: integer(0) }),
  };
}

/** The factors of Granite, whose epsilon is that of the definition's stream. */
function graniteEntries(config: DecoderConfig, architecture: string): Entries {
  if (architecture !== "granitehybrid") return {};
  const { positions, multipliers, embeddingScale = 1, scales = [], eps, mixture, state } = config;
  if (positions.kind !== "none") {
    refuse("position_embedding_type", "is rope, and readers of GGUF files of Granite with states rotate nothing");
  }
  if (!state) refuse("layer_types", `has no layer with a state, which GGUF files of kind ${architecture} are for`);
  const { residual: r = 1, logits = 1 } = multipliers ?? {};
  return {
    "attention.layer_norm_rms_epsilon": float(eps * r * r),
    "attention.scale": float(scales[0] ?? 1),
    embedding_scale: float(embeddingScale * r),
    residual_scale: float(r),
    logit_scale: float(1 / logits),
    "rope.scaling.finetuned": { type: "bool", value: false },
    ...(mixture ? { feed_forward_length: integer(mixture.hidden) } : {}),
  };
}

/** The heads of a gated DeltaNet. */
export const deltaNetHeads = ({
  heads,
  valueHeads,
  width,
  valueWidth,
}: Extract<StateConfig, { readonly kind: "delta-net" }>): DeltaNetHeads => ({
  keys: heads,
  values: valueHeads,
  width: valueWidth,
  keyWidth: width,
});

/** Gated DeltaNets, and attention in every layer whose number, counted from 1, is a multiple of an interval. */
function deltaNetEntries(config: DecoderConfig, architecture: string): Entries {
  if (!/^qwen3(5|next)/.test(architecture)) return {};
  const { state, mixers = [], layers, gatedAttention, positions } = config;
  if (!gatedAttention)
    refuse("attn_output_gate", `is false, and readers of GGUF files of kind ${architecture} expect gates`);
  if (state?.kind !== "delta-net") {
    return refuse("layer_types", `has no linear_attention, which GGUF files of kind ${architecture} are for`);
  }
  const { heads, valueHeads, width, valueWidth, taps } = state;
  if (width !== valueWidth) {
    refuse("linear_value_head_dim", `is ${valueWidth}, which readers take to be linear_key_head_dim, ${width}`);
  }
  const first = mixers.indexOf("attention");
  const interval = first < 0 ? layers + 1 : first + 1;
  const wrong = mixers.findIndex((mixer, layer) => (mixer === "attention") !== ((layer + 1) % interval === 0));
  if (wrong >= 0) {
    refuse("layer_types", `has full_attention in layers other than every ${interval}th, which GGUF has no key for`);
  }
  const pairs = positions.kind === "rope" ? positions.width / 2 : 0;
  return {
    "ssm.conv_kernel": integer(taps),
    "ssm.inner_size": integer(valueHeads * valueWidth),
    "ssm.state_size": integer(width),
    "ssm.time_step_rank": integer(valueHeads),
    "ssm.group_count": integer(heads),
    full_attention_interval: integer(interval),
    // The pairs of text, height and width, in turn: of texts, all positions are the same.
    ...(architecture === "qwen3next"
      ? {}
      : {
          "rope.dimension_sections": {
            type: "array",
            of: "i32",
            value: [...[2, 1, 0].map((more) => Math.floor((pairs + more) / 3)), 0],
          },
        }),
  };
}

/** The metadata of layers with a state, and of families that have them. */
export const stateEntries = (config: DecoderConfig, architecture: string): Entries => ({
  ...convolutionEntries(config, architecture),
  ...spaceEntries(config, architecture),
  ...graniteEntries(config, architecture),
  ...deltaNetEntries(config, architecture),
});
