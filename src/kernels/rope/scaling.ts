/**
 * How a model's rotary frequencies are stretched beyond the context that it was first trained on. Lengths are in
 * tokens.
 */
export type RopeScaling =
  | { kind: "none" }
  | { kind: "linear"; factor: number }
  | { kind: "dynamic"; factor: number; maxPositions: number }
  | {
      kind: "yarn";
      factor: number;
      originalPositions: number;
      /**
       * Rotations over the original context above which a pair is left alone (32) and below which it is stretched (1).
       */
      betaFast?: number;
      betaSlow?: number;
      /** Factor of cosines and sines; default from the mscales, or from the factor alone. */
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
      /** One divisor per pair, for sequences up to the original context and for longer ones. */
      shortFactor: readonly number[];
      longFactor: readonly number[];
      originalPositions: number;
      /** The stretched context; implies the factor where that is left out. */
      maxPositions?: number;
      factor?: number;
      attentionFactor?: number;
    };

/** The settings of rotary embeddings in a `config.json`, in any of its spellings. */
export interface RopeConfig {
  /** The base of the frequencies; absent where the config leaves it to its architecture's default. */
  theta?: number;
  /** The share of a head's width that is rotated; default 1. */
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

/** An object of the config, with what precedes its keys in messages. */
interface Section {
  readonly path: string;
  readonly values: Json;
}

/**
 * Reads base, rotary share and scaling from a Hugging Face `config.json`: the one `rope_parameters` of transformers 5,
 * with a record per layer type where it has them (`layerType` picks one), or the older top-level keys and
 * `rope_scaling`. Where both are present, `rope_parameters` takes precedence. Throws a RangeError that names the key
 * for an unknown kind and for a value that is missing or not a number.
 */
export function parseRope(config: Json, layerType = "full_attention"): RopeConfig {
  const whole: Section = { path: "", values: config };
  const none: Section = { path: "rope_scaling.", values: {} };
  const parameters = section(whole, "rope_parameters") ?? section(whole, "rope_scaling") ?? none;
  const perLayerType = Object.values(parameters.values).some(isObject);
  // Gemma 3 and ModernBERT have a separate base for sliding layers, to which the scaling of the others does not apply.
  const local =
    layerType === "sliding_attention" ? number(whole, "rope_local_base_freq", "local_rope_theta") : undefined;
  const flat = local === undefined ? parameters : none;
  const keys = perLayerType ? required(section(parameters, layerType), `rope_parameters.${layerType}`) : flat;
  const shared = number(whole, "rope_theta", "global_rope_theta", "rotary_emb_base");
  return {
    ...given("theta", number(keys, "rope_theta") ?? local ?? shared),
    rotaryFraction: number(keys, "partial_rotary_factor") ?? rotaryFraction(whole),
    scaling: scalingOf(keys, whole),
  };
}

/** The scaling that a Hugging Face `config.json` specifies, in any of its spellings; see {@link parseRope}. */
export const parseRopeScaling = (config: Json, layerType?: string): RopeScaling => parseRope(config, layerType).scaling;

function rotaryFraction(config: Section): number {
  const width = number(config, "rotary_dim"); // GPT-J counts elements
  if (width === undefined) return number(config, "partial_rotary_factor", "rotary_pct") ?? 1;
  const heads = required(number(config, "num_attention_heads", "n_head"), "num_attention_heads");
  return (
    width / (number(config, "head_dim") ?? required(number(config, "hidden_size", "n_embd"), "hidden_size") / heads)
  );
}

function scalingOf(keys: Section, config: Section): RopeScaling {
  const { path, values } = keys;
  const name = required(
    values["rope_type"] ?? values["type"] ?? (values["factor"] === undefined ? "default" : undefined),
    `${path}rope_type, with a factor,`,
  );
  // Early Phi-3 files say "yarn" but have the divisors of longrope.
  const kind = name === "yarn" && values["long_factor"] ? "longrope" : KINDS.get(name);
  const need = (key: string): number => required(number(keys, key), `${path}${key} (type ${String(name)})`);
  const maxPositions = number(config, "max_position_embeddings", "n_positions");
  const longest = (): number => required(maxPositions, "max_position_embeddings");
  const topLevelOriginal = number(config, "original_max_position_embeddings");
  const original = (): number => number(keys, "original_max_position_embeddings") ?? topLevelOriginal ?? longest();
  switch (kind) {
    case "none":
      return { kind };
    case "linear":
      return { kind, factor: need("factor") };
    case "dynamic":
      if (values["alpha"])
        throw new RangeError(`${path}alpha is ${shown(values["alpha"])}: not supported, expected factor`);
      return { kind, factor: need("factor"), maxPositions: longest() };
    case "yarn":
      return {
        kind,
        factor: number(keys, "factor") ?? longest() / original(),
        originalPositions: original(),
        ...given("betaFast", number(keys, "beta_fast")),
        ...given("betaSlow", number(keys, "beta_slow")),
        ...given("attentionFactor", number(keys, "attention_factor")),
        ...given("mscale", number(keys, "mscale")),
        ...given("mscaleAllDim", number(keys, "mscale_all_dim")),
        ...(boolean(keys, "truncate", true) ? {} : { truncate: false }),
      };
    case "llama3": {
      const [low, high] = [need("low_freq_factor"), need("high_freq_factor")];
      if (low >= high)
        throw new RangeError(`${path}high_freq_factor is ${high}, expected more than low_freq_factor, ${low}`);
      return {
        kind,
        factor: need("factor"),
        lowFrequencyFactor: low,
        highFrequencyFactor: high,
        originalPositions: original(),
      };
    }
    case "longrope":
      return {
        kind,
        shortFactor: numbers(keys, "short_factor"),
        longFactor: numbers(keys, "long_factor"),
        originalPositions: original(),
        // Phi-3 has the original length outside of the scaling; then the ratio is used, regardless of `factor`.
        factor: (topLevelOriginal === undefined ? number(keys, "factor") : undefined) ?? longest() / original(),
        ...given("attentionFactor", number(keys, "attention_factor")),
      };
    case undefined:
      throw new RangeError(`${path}type is ${shown(name)}, expected one of ${[...KINDS.keys()].join(", ")}`);
  }
}

const given = <Name extends string>(name: Name, value: number | undefined): { [Key in Name]?: number } =>
  (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: number };

function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new RangeError(`${name} is missing, which the rotary embedding requires`);
  return value;
}

/** The first of the keys that is present and not null. Throws a RangeError where it is not a positive number. */
function number({ path, values }: Section, ...names: readonly string[]): number | undefined {
  const key = names.find((name) => values[name] !== undefined && values[name] !== null);
  if (key === undefined) return undefined;
  const value = values[key];
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`${path}${key} is ${shown(value)}, expected a number above 0`);
}

/** True or false; `fallback` where the key is absent or null. Throws a RangeError for anything else. */
function boolean({ path, values }: Section, key: string, fallback: boolean): boolean {
  const value = values[key] ?? fallback;
  if (typeof value === "boolean") return value;
  throw new RangeError(`${path}${key} is ${shown(value)}, expected true or false`);
}

function numbers({ path, values }: Section, key: string): number[] {
  const list: unknown = values[key];
  const all = Array.isArray(list) ? list.filter((value): value is number => Number.isFinite(value) && value > 0) : [];
  if (Array.isArray(list) && all.length === list.length && all.length > 0) return all;
  throw new RangeError(`${path}${key} is ${shown(list)}, expected a list of numbers above 0`);
}

function section({ path, values }: Section, key: string): Section | undefined {
  const value = values[key] ?? undefined; // null also means that there is none
  if (value === undefined) return undefined;
  if (isObject(value)) return { path: `${path}${key}.`, values: value };
  throw new RangeError(`${path}${key} is ${shown(value)}, expected an object`);
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value in a message, cut where it is long: it comes from a file. */
function shown(value: unknown): string {
  const text = typeof value === "number" ? String(value) : String(JSON.stringify(value));
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
