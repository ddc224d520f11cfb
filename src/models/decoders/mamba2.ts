import {
  choice,
  type Field,
  type FieldReader,
  flag,
  integer,
  optional,
  positive,
  shown,
} from "../../formats/json/fields.ts";
import type { DecoderConfig, Mixer } from "./config.ts";
import type { Family, LayerSources, OuterSources, StateSources, WeightSource } from "./family.ts";
import { layersAndHead } from "./llama.ts";

/** The limits of time steps: only those that change nothing. */
const timeSteps: Field<undefined> = {
  problem: (value) => {
    const isWhole =
      Array.isArray(value) && value.length === 2 && value[0] === 0 && value[1] === Number.POSITIVE_INFINITY;
    return isWhole ? undefined : `is ${shown(value)}; time steps are not limited here, expected 0 and Infinity`;
  },
  absent: { value: undefined },
};

/** The fields of layers of Mamba-2 in models that have other layers, too. */
export const mambaFields = {
  mamba_expand: optional(integer(1, 64), 2),
  mamba_n_heads: optional(integer(1, 1 << 16), 128),
  mamba_n_groups: optional(integer(1, 1 << 12), 1),
  mamba_d_state: optional(integer(1, 256), 256),
  mamba_d_conv: optional(integer(1, 8), 4),
  mamba_conv_bias: optional(flag, true),
  time_step_limit: timeSteps,
};

/** Throws `FormatError` unless the heads divide the width of such a layer, as the config says it, and groups the heads. */
export function checkMambaHeads(
  config: FieldReader,
  [inner, said]: readonly [width: number, said: string],
  heads: number,
  groups: number,
): void {
  if (inner % heads !== 0) config.fail("mamba_n_heads", `is ${heads}, which does not divide ${said}, ${inner}`);
  if (heads % groups !== 0)
    config.fail("mamba_n_groups", `is ${groups}, which does not divide mamba_n_heads, ${heads}`);
}

const fields = {
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  num_hidden_layers: integer(1, 1 << 12),
  num_heads: integer(1, 1 << 16),
  head_dim: optional(integer(1, 1 << 12), 64),
  state_size: optional(integer(1, 256), 128),
  n_groups: optional(integer(1, 1 << 12), 8),
  expand: optional(integer(1, 64), 2),
  conv_kernel: optional(integer(1, 8), 4),
  layer_norm_epsilon: optional(positive(1), 1e-5),
  use_bias: optional(flag, false),
  use_conv_bias: optional(flag, true),
  rms_norm: optional(flag, true),
  hidden_act: optional(choice(["silu", "swish"]), "silu"),
  tie_word_embeddings: optional(flag, false),
  time_step_limit: timeSteps,
};

/** There are no positions, so that nothing limits a text; a session needs a length, and texts may be that long. */
const longest = 1 << 20;

/**
 * Mamba-2 (Dao and Gu 2024): each layer is a norm and a state space with a short convolution and a gate, and the result
 * is normed after the gate, over all heads.
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const given = config.read(fields);
  const {
    hidden_size: width,
    num_hidden_layers: layers,
    num_heads: heads,
    head_dim: headWidth,
    n_groups: groups,
  } = given;
  const inner = heads * headWidth;
  if (inner !== given.expand * width) {
    config.fail(
      "num_heads",
      `is ${heads}, of ${headWidth} elements each, expected expand · hidden_size, ${given.expand * width}`,
    );
  }
  if (heads % groups !== 0) config.fail("n_groups", `is ${groups}, which does not divide num_heads, ${heads}`);
  if (!given.rms_norm) config.fail("rms_norm", "is false; results without a norm are not supported");
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers,
    heads,
    kvHeads: heads,
    headWidth,
    hidden: inner,
    context: longest,
    norm: "rms",
    eps: given.layer_norm_epsilon,
    activation: "silu",
    gated: true,
    tied: given.tie_word_embeddings,
    positions: { kind: "none" },
    windows: new Array<undefined>(layers).fill(undefined),
    mixers: new Array<Mixer>(layers).fill("state"),
    state: {
      kind: "mamba",
      heads,
      headWidth,
      groups,
      rows: given.state_size,
      taps: given.conv_kernel,
      norm: { gate: "before", groups: 1 },
      eps: given.layer_norm_epsilon,
      biases: { convolution: given.use_conv_bias, projections: given.use_bias },
    },
  };
}

function outer({ vocabulary, width, tied }: DecoderConfig): OuterSources {
  return {
    embedding: { name: "backbone.embeddings.weight", shape: [vocabulary, width] },
    norm: { name: "backbone.norm_f.weight", shape: [width] },
    ...(tied ? {} : { head: { name: "lm_head.weight", shape: [vocabulary, width] } }),
  };
}

/**
 * The weights of a Mamba-2 layer, named as in all its families: `source` puts the layer's own name before theirs. The
 * parts of the projection may have factors: z, x, B, C and dt, in this order.
 */
export function mambaSources(
  { architecture, width, state, multipliers }: DecoderConfig,
  source: (rest: string, ...shape: number[]) => WeightSource,
): StateSources {
  if (state?.kind !== "mamba") throw new TypeError(`${architecture}: no sizes of the layers with a state`);
  const { heads, headWidth, groups, rows, taps, biases, norm } = state;
  const inner = heads * headWidth;
  const shared = groups * rows;
  const channels = inner + 2 * shared;
  const projected = inner + channels + heads;
  const { state: parts, stateOut = 1 } = multipliers ?? {};
  const factor = parts && [inner, inner, shared, shared, heads].flatMap((size, i) => repeated(parts[i] ?? 1, size));
  return {
    in: { ...source("in_proj.weight", projected, width), ...(factor ? { factor } : {}) },
    convolution: source("conv1d.weight", channels, 1, taps),
    dtBias: source("dt_bias", heads),
    decay: { ...source("A_log", heads), negExp: true },
    skip: source("D", heads),
    ...(norm ? { norm: source("norm.weight", inner) } : {}),
    out: { ...source("out_proj.weight", width, inner), ...(stateOut === 1 ? {} : { factor: stateOut }) },
    ...(biases.convolution ? { convolutionBias: source("conv1d.bias", channels) } : {}),
    ...(biases.projections
      ? { inBias: source("in_proj.bias", projected), outBias: source("out_proj.bias", width) }
      : {}),
  };
}

const repeated = (value: number, count: number) => new Array<number>(count).fill(value);

function layer(config: DecoderConfig, index: number): LayerSources {
  const at = `backbone.layers.${index}`;
  return {
    attentionNorm: { name: `${at}.norm.weight`, shape: [config.width] },
    state: mambaSources(config, (rest, ...shape) => ({ name: `${at}.mixer.${rest}`, shape })),
  };
}

export const mamba2: Family = {
  architectures: ["Mamba2ForCausalLM"],
  read,
  outer,
  layer,
  opposites: layersAndHead,
};
