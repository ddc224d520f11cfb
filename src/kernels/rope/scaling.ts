/** How a model's rotary frequencies are stretched beyond the context that it was first trained on. Lengths are in tokens. */
export type RopeScaling =
  | { kind: "none" }
  | { kind: "linear"; factor: number }
  | { kind: "dynamic"; factor: number; maxPositions: number }
  | {
      kind: "yarn";
      factor: number;
      originalPositions: number;
      /** Rotations over the original context above which a pair is left alone (32) and below which it is stretched (1). */
      betaFast?: number;
      betaSlow?: number;
      /** Factor of cosines and sines, used as it is; otherwise it follows from the mscales, or from the factor alone. */
      attentionFactor?: number;
      mscale?: number;
      mscaleAllDim?: number;
      /** Whether the ends of the ramp are rounded outwards to whole pairs (true). */
      truncate?: boolean;
    }
  | {
      kind: "llama3";
      factor: number;
      lowFrequencyFactor: number;
      highFrequencyFactor: number;
      originalPositions: number;
    }
  | {
      kind: "longrope";
      /** One divisor a pair, for sequences up to the original context and for longer ones. */
      shortFactor: readonly number[];
      longFactor: readonly number[];
      originalPositions: number;
      /** The stretched context; gives the factor where that is left out. */
      maxPositions?: number;
      factor?: number;
      attentionFactor?: number;
    };

/** What a `config.json` says about rotary embeddings, whatever the spelling. */
export interface RopeConfig {
  /** The base of the frequencies; absent where the config leaves it to its architecture's default. */
  theta?: number;
  /** The share of a head's width that is rotated; 1 where the config does not say. */
  rotaryFraction: number;
  scaling: RopeScaling;
}

const KINDS = new Map<unknown, RopeScaling["kind"]>([
  ["default", "none"],
  ["linear", "linear"],
  ["dynamic", "dynamic"],
  ["yarn", "yarn"],
  ["llama3", "llama3"],
  ["longrope", "longrope"],
  ["su", "longrope"],
]);

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads base, rotary share and scaling from a Hugging Face `config.json`: the one `rope_parameters` of transformers 5,
 * with a record per layer type where it has them (`layerType` picks one), or the older top-level keys and
 * `rope_scaling`. Where both say something, `rope_parameters` wins.
 * Throws a RangeError that names the key for an unknown kind and for a value that is missing or not a number.
 */
export function parseRope(config: Json, layerType = "full_attention"): RopeConfig {
  // Gemma 3 and ModernBERT gave sliding layers a base of their own, which the scaling of the others does not touch.
  const local =
    layerType === "sliding_attention" ? number(config, "rope_local_base_freq", "local_rope_theta") : undefined;
  const nested = object(config, "rope_parameters");
  const section = nested
    ? forLayer(nested, layerType)
    : local === undefined
      ? (object(config, "rope_scaling") ?? {})
      : {};
  const shared = number(config, "rope_theta", "global_rope_theta", "rotary_emb_base");
  return {
    ...given("theta", number(section, "rope_theta") ?? local ?? shared),
    rotaryFraction: number(section, "partial_rotary_factor") ?? rotaryFraction(config),
    scaling: scalingOf(section, config),
  };
}

/** The scaling that a Hugging Face `config.json` asks for, in any of its spellings; see {@link parseRope}. */
export const parseRopeScaling = (config: Json, layerType?: string): RopeScaling => parseRope(config, layerType).scaling;

function forLayer(parameters: Json, layerType: string): Json {
  const byLayerType = Object.keys(parameters).some((key) => object(parameters, key));
  return byLayerType ? required(object(parameters, layerType), `rope_parameters.${layerType}`) : parameters;
}

function rotaryFraction(config: Json): number {
  const width = number(config, "rotary_dim"); // GPT-J counts elements
  if (width === undefined) return number(config, "partial_rotary_factor", "rotary_pct") ?? 1;
  const heads = required(number(config, "num_attention_heads", "n_head"), "num_attention_heads");
  return (
    width / (number(config, "head_dim") ?? required(number(config, "hidden_size", "n_embd"), "hidden_size") / heads)
  );
}

function scalingOf(section: Json, config: Json): RopeScaling {
  const name = section["rope_type"] ?? section["type"] ?? "default";
  // Early Phi-3 files say "yarn" and bring the divisors of longrope.
  const kind = name === "yarn" && section["long_factor"] ? "longrope" : KINDS.get(name);
  const need = (key: string): number => required(number(section, key), `rope_scaling.${key} (type ${String(name)})`);
  const maxPositions = number(config, "max_position_embeddings", "n_positions");
  const longest = (): number => required(maxPositions, "max_position_embeddings");
  const topLevelOriginal = number(config, "original_max_position_embeddings");
  const original = (): number => number(section, "original_max_position_embeddings") ?? topLevelOriginal ?? longest();
  switch (kind) {
    case "none":
      return { kind };
    case "linear":
      return { kind, factor: need("factor") };
    case "dynamic":
      if (section["alpha"]) throw new RangeError("rope_scaling: dynamic scaling by alpha is not known, only by factor");
      return { kind, factor: need("factor"), maxPositions: longest() };
    case "yarn":
      return {
        kind,
        factor: number(section, "factor") ?? longest() / original(),
        originalPositions: original(),
        ...given("betaFast", number(section, "beta_fast")),
        ...given("betaSlow", number(section, "beta_slow")),
        ...given("attentionFactor", number(section, "attention_factor")),
        ...given("mscale", number(section, "mscale")),
        ...given("mscaleAllDim", number(section, "mscale_all_dim")),
        ...(section["truncate"] === false ? { truncate: false } : {}),
      };
    case "llama3":
      return {
        kind,
        factor: need("factor"),
        lowFrequencyFactor: need("low_freq_factor"),
        highFrequencyFactor: need("high_freq_factor"),
        originalPositions: original(),
      };
    case "longrope":
      return {
        kind,
        shortFactor: numbers(section, "short_factor"),
        longFactor: numbers(section, "long_factor"),
        originalPositions: original(),
        // Phi-3 puts the original length beside the scaling; then the ratio holds, whatever `factor` says.
        factor: (topLevelOriginal === undefined ? number(section, "factor") : undefined) ?? longest() / original(),
        ...given("attentionFactor", number(section, "attention_factor")),
      };
    case undefined:
      throw new RangeError(
        `rope_scaling: type is ${JSON.stringify(name)}, expected one of ${[...KINDS.keys()].join(", ")}`,
      );
  }
}

const given = <Name extends string>(name: Name, value: number | undefined): { [Key in Name]?: number } =>
  (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: number };

function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new RangeError(`config.json: ${name} is missing, which the rotary embedding needs`);
  return value;
}

/** The first of the keys that is there and not null. Throws a RangeError where it is no positive number. */
function number(record: Json, ...keys: readonly string[]): number | undefined {
  const key = keys.find((candidate) => record[candidate] !== undefined && record[candidate] !== null);
  if (key === undefined) return undefined;
  const value = record[key];
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`config.json: ${key} is ${JSON.stringify(value)}, expected a number above 0`);
}

function numbers(record: Json, key: string): number[] {
  const list: unknown = record[key];
  const values = Array.isArray(list)
    ? list.filter((value): value is number => Number.isFinite(value) && value > 0)
    : [];
  if (Array.isArray(list) && values.length === list.length && values.length > 0) return values;
  throw new RangeError(
    `config.json: rope_scaling.${key} is ${JSON.stringify(list)}, expected a list of numbers above 0`,
  );
}

function object(record: Json, key: string): Json | undefined {
  const value = record[key];
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  if (value === undefined || value === null || Array.isArray(value) || !/^rope_/.test(key)) return undefined;
  throw new RangeError(`config.json: ${key} is ${JSON.stringify(value)}, expected an object`);
}
