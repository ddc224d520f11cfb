import type { GgufArchitecture } from "../formats/gguf/architectures/architecture.ts";
import { largestGemma } from "../formats/gguf/architectures/gemma.ts";
import type { GgufValue } from "../formats/gguf/header.ts";
import { attentionFactor, inverseFrequencies } from "../kernels/rope/table.ts";
import type { DecoderConfig } from "../models/decoders/config.ts";
import { type Entries, float, integer, refuse, stateEntries } from "./state-metadata.ts";

/** A small tensor by which GGUF stores a setting of a config. */
interface GeneratedTensor {
  readonly name: string;
  readonly values: readonly number[];
}

/** A decoder's metadata in a GGUF file. */
interface ModelMetadata {
  /** By key, with the architecture's prefix. */
  readonly values: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GeneratedTensor[];
  /** Settings that other readers ignore. */
  readonly warnings: readonly string[];
}

const text = (value: string): GgufValue => ({ type: "string", value });

/** Refuses windows that the architecture's files cannot express: readers would apply none, or to other layers. */
function windowEntries({ windows, context }: DecoderConfig, { name, windows: rule }: GgufArchitecture): Entries {
  const window = windows.find((one) => one !== undefined);
  if (rule && (window !== undefined || rule.always)) {
    const { period = Number.POSITIVE_INFINITY } = rule;
    const wrong = windows.findIndex((own, layer) => (own !== undefined) !== ((layer + 1) % period !== 0));
    if (wrong >= 0) {
      const [given, taken] = windows[wrong] === undefined ? ["full", "a"] : ["sliding", "no"];
      refuse(
        "layer_types",
        `is ${given}_attention for layer ${wrong}, which readers of GGUF files of kind ${name} take to have ${taken} window`,
      );
    }
    return window === undefined ? {} : { "attention.sliding_window": integer(window) };
  }
  if (window === undefined || window >= context) return {};
  const why = `GGUF files of kind ${name} have no key for it, so that readers would let all layers see all tokens`;
  return refuse("sliding_window", `is ${window}, shorter than the context of ${context}: ${why}`);
}

/** Refuses factors of scores that readers of GGUF files do not know; those of latent attention follow from its keys. */
function scaleEntries(config: DecoderConfig, architecture: string): Entries {
  const { scales = [], layers, width, heads, headWidth, latent } = config;
  const scalar = layers === largestGemma[architecture] ? width / heads : headWidth;
  if (
    architecture !== "granitehybrid" &&
    !latent &&
    scales.some((scale) => Math.abs(scale * Math.sqrt(scalar) - 1) > 1e-6)
  ) {
    const field = architecture === "gpt2" ? "scale_attn_by_inverse_layer_idx" : "query_pre_attn_scalar";
    refuse(
      field,
      `gives scores another factor than 1/√${scalar}, which readers of GGUF files of kind ${architecture} take`,
    );
  }
  return {};
}

/** Caps of scores and logits; refuses those that differ from what readers assume. */
function gemmaEntries({ scoreCap, logitCap, positions }: DecoderConfig, architecture: string): Entries {
  if (largestGemma[architecture] === undefined) return {};
  const [expected, given] = [architecture === "gemma2", scoreCap !== undefined];
  if (expected !== given) {
    refuse(
      "attn_logit_softcapping",
      `${given ? "is set" : "is null"}, but readers of GGUF files of kind ${architecture} ${expected ? "" : "do not "}soft-cap scores`,
    );
  }
  if (expected && logitCap === undefined) {
    refuse("final_logit_softcapping", `is null, but readers of GGUF files of kind ${architecture} soft-cap logits`);
  }
  const local = positions.kind === "rope" ? positions.local : undefined;
  return {
    ...(scoreCap === undefined ? {} : { attn_logit_softcapping: float(scoreCap) }),
    ...(logitCap === undefined ? {} : { final_logit_softcapping: float(logitCap) }),
    ...(local ? { "rope.freq_base_swa": float(local.theta) } : {}),
  };
}

/** Refuses layers without rotary positions other than every fourth: there is no key for them. */
function unrotatedEntries({ unrotated = [], layers }: DecoderConfig): Entries {
  const known = Array.from({ length: layers }, (_, layer) => layer).filter((layer) => layer % 4 === 3);
  if (unrotated.length > 0 && String(unrotated) !== String(known)) {
    refuse("no_rope_layers", "is not every fourth layer, which readers of GGUF files take it to be");
  }
  return {};
}

/** The metadata for positions. */
interface RopeMetadata {
  readonly entries: Entries;
  readonly tensors: readonly GeneratedTensor[];
  readonly warnings: readonly string[];
}

/**
 * How often pairs rotate over the original context at the ends of YaRN's ramp, as llama.cpp assumes for these
 * architectures.
 */
const takenTurns = { fast: 32, slow: 1 };

/** Rotary positions, and the divisors of their frequencies if scaling uses divisors. */
function ropeEntries(config: DecoderConfig, architecture: string): RopeMetadata {
  const { positions, context, latent } = config;
  if (positions.kind !== "rope") return { entries: {}, tensors: [], warnings: [] };
  const { theta, width, scaling } = positions;
  const entries: Entries = { "rope.dimension_count": integer(width), "rope.freq_base": float(theta) };
  const tensors: GeneratedTensor[] = [];
  const warnings: string[] = [];
  switch (scaling.kind) {
    case "none":
      break;
    case "linear":
      Object.assign(entries, { "rope.scaling.type": text("linear"), "rope.scaling.factor": float(scaling.factor) });
      break;
    case "dynamic":
      refuse("rope_scaling", "is dynamic, which GGUF has no key for");
      break;
    case "yarn": {
      const { factor, originalPositions, betaFast, betaSlow } = scaling;
      const natural = factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
      const attention = attentionFactor(scaling) / natural;
      // llama.cpp reads this key for these architectures; for latent attention it reads the factor from another key,
      // and this one is for readers such as ours.
      const key = latent ? "rope.scaling.yarn_attn_factor" : "rope.scaling.attn_factor";
      Object.assign(entries, {
        "rope.scaling.type": text("yarn"),
        "rope.scaling.factor": float(factor),
        "rope.scaling.original_context_length": integer(originalPositions),
        ...(attention === 1 ? {} : { [key]: float(attention) }),
        ...(betaFast === undefined ? {} : { "rope.scaling.yarn_beta_fast": float(betaFast) }),
        ...(betaSlow === undefined ? {} : { "rope.scaling.yarn_beta_slow": float(betaSlow) }),
      });
      for (const [end, given] of Object.entries({ fast: betaFast, slow: betaSlow })) {
        const taken = takenTurns[end as keyof typeof takenTurns];
        if (given === undefined || given === taken) continue;
        warnings.push(
          `config.json: rope_scaling.beta_${end} is ${given}: llama.cpp does not read it in files of kind ${architecture} and takes ${taken}`,
        );
      }
      break;
    }
    case "llama3": {
      const plain = inverseFrequencies({ theta, width, scaling: { kind: "none" } }, context);
      const stretched = inverseFrequencies({ theta, width, scaling }, context);
      tensors.push({ name: "rope_freqs.weight", values: [...plain].map((value, i) => value / (stretched[i] ?? 1)) });
      break;
    }
    case "longrope":
      Object.assign(entries, {
        "rope.scaling.original_context_length": integer(scaling.originalPositions),
        "rope.scaling.attn_factor": float(attentionFactor(scaling)),
      });
      tensors.push({ name: "rope_factors_long.weight", values: scaling.longFactor });
      tensors.push({ name: "rope_factors_short.weight", values: scaling.shortFactor });
      break;
  }
  return { entries, tensors, warnings };
}

/** The gates of routers, as numbered by `expert_gating_func`. */
const gating = { softmax: 1, sigmoid: 2 } as const;

/** Whether the weights of a token's experts sum to one, in architectures without a key for it. */
const normalises: Readonly<Record<string, boolean>> = {
  granitehybrid: true,
  llama: true,
  qwen2moe: false,
  qwen3moe: true,
  olmoe: false,
  qwen3next: true,
  qwen35moe: true,
  "gpt-oss": true,
};

function mixtureEntries({ mixture }: DecoderConfig, architecture: string): Entries {
  if (!mixture) return {};
  const known = normalises[architecture];
  if (known !== undefined && known !== mixture.rule.normalise) {
    refuse("norm_topk_prob", `is ${!known}, but readers of GGUF files of kind ${architecture} take it to be ${known}`);
  }
  const { experts, hidden, shared, dense, rule } = mixture;
  const leading = dense ?? [];
  if (leading.some((layer, i) => layer !== i)) {
    refuse("mlp_only_layers", "has dense layers after layers of experts, which GGUF has no key for");
  }
  return {
    expert_count: integer(experts),
    expert_used_count: integer(rule.k),
    expert_feed_forward_length: integer(hidden),
    ...(shared === undefined ? {} : { expert_shared_feed_forward_length: integer(shared) }),
    ...(leading.length === 0 ? {} : { leading_dense_block_count: integer(leading.length) }),
    ...(rule.scores === "sigmoid" ? { expert_gating_func: integer(gating.sigmoid) } : {}),
  };
}

/** Latent attention: keys and values as one head shared by all, of the latent and the rotated key. */
function latentEntries({ latent, headWidth, mixture, positions }: DecoderConfig): Entries {
  if (!latent) return {};
  const { rank, nope, valueWidth, queryRank } = latent;
  const rotated = headWidth - nope;
  const { scale = 1, normalise = false, groups } = mixture?.rule ?? {};
  const shared = mixture?.shared === undefined ? 0 : mixture.shared / mixture.hidden;
  const scaling = positions.kind === "rope" ? positions.scaling : undefined;
  const slope = scaling?.kind === "yarn" ? scaling.mscaleAllDim : undefined;
  return {
    "attention.head_count_kv": integer(1),
    "attention.key_length": integer(rank + rotated),
    "attention.value_length": integer(rank),
    "attention.key_length_mla": integer(headWidth),
    "attention.value_length_mla": integer(valueWidth),
    "attention.kv_lora_rank": integer(rank),
    ...(queryRank === undefined ? {} : { "attention.q_lora_rank": integer(queryRank) }),
    expert_shared_count: integer(shared),
    expert_weights_scale: float(scale),
    expert_weights_norm: { type: "bool", value: normalise },
    ...(groups ? { expert_group_count: integer(groups.count), expert_group_used_count: integer(groups.keep) } : {}),
    leading_dense_block_count: integer(mixture?.dense?.length ?? 0),
    ...(slope === undefined ? {} : { "rope.scaling.yarn_log_multiplier": float(0.1 * slope) }),
  };
}

/**
 * The metadata that a GGUF file of an architecture has for a decoder.
 *
 * @throws FormatError naming the field of `config.json` that the architecture's files cannot express.
 */
export function modelMetadata(config: DecoderConfig, record: GgufArchitecture): ModelMetadata {
  const architecture = record.name;
  const { layers, context, width, hidden, heads, kvHeads, headWidth, norm, eps, vocabulary } = config;
  const rope = ropeEntries(config, architecture);
  const entries: Entries = {
    vocab_size: integer(vocabulary),
    block_count: integer(layers),
    context_length: integer(context),
    embedding_length: integer(width),
    feed_forward_length: integer(hidden),
    "attention.head_count": integer(heads),
    "attention.head_count_kv": integer(kvHeads),
    "attention.key_length": integer(headWidth),
    "attention.value_length": integer(headWidth),
    [`attention.layer_norm_${norm === "rms" ? "rms_" : ""}epsilon`]: float(eps),
    ...windowEntries(config, record),
    ...unrotatedEntries(config),
    ...rope.entries,
    ...mixtureEntries(config, architecture),
    ...latentEntries(config),
    ...stateEntries(config, architecture),
    ...scaleEntries(config, architecture),
    ...gemmaEntries(config, architecture),
  };
  const values = new Map(Object.entries(entries).map(([key, value]) => [`${architecture}.${key}`, value]));
  return { values, tensors: rope.tensors, warnings: rope.warnings };
}
