import { FormatError, shortened } from "../formats/format-error.ts";
import { choice, type FieldReader, flag, integer, optional, readFields, text } from "../formats/json/fields.ts";
import { parseJson } from "../formats/json/strict-json.ts";
import { readTextIfPresent } from "../formats/read-text.ts";
import type { FileSource } from "../formats/source.ts";
import type { SparseActivation, VectorActivation } from "./embedding.ts";
import { type PoolingMode, poolingModes } from "./pooling.ts";

/** A step after pooling, as a folder describes it. */
export type ModuleStep =
  | {
      readonly kind: "dense";
      /** Its folder, and its input and output widths. */
      readonly path: string;
      readonly inputs: number;
      readonly outputs: number;
      readonly bias: boolean;
      readonly activation: VectorActivation;
    }
  | { readonly kind: "normalize" };

/** The settings in a sentence-transformers folder. */
export interface SentenceModules {
  /** The folder of the model's own files, from the root; empty: the root. */
  readonly transformer: string;
  readonly pooling: readonly PoolingMode[];
  readonly includePrompt: boolean;
  /** Width of the pooled states, if stated, and the file that states it. */
  readonly width?: { readonly file: string; readonly value: number } | undefined;
  readonly steps: readonly ModuleStep[];
  readonly prompts: Readonly<Record<string, string>>;
  readonly defaultPromptName?: string | undefined;
  /** Maximum tokens of a text. */
  readonly maxTokens?: number | undefined;
  /** The function applied to the tokens' maximum logits; unset: vectors are dense. */
  readonly sparse?: SparseActivation | undefined;
  /** Whether texts are lower-cased first. */
  readonly lowerCase: boolean;
}

const file = "modules.json";
const known = ["Transformer", "Pooling", "Dense", "Normalize", "MLMTransformer", "SpladePooling"] as const;

/** A module of the list, of a known kind. */
interface Module {
  readonly kind: (typeof known)[number];
  readonly path: string;
  /** Its entry in the list, for messages. */
  readonly field: string;
}

/** A reader of a JSON file; undefined if there is no such file. */
async function readerOf(source: FileSource, name: string): Promise<FieldReader | undefined> {
  const content = await readTextIfPresent(source, name);
  return content === undefined ? undefined : readFields(name, parseJson(name, content));
}

const within = (path: string, name: string) => (path === "" ? name : `${path}/${name}`);

/** The list of modules, in the order of their indices. */
function modulesOf(parsed: unknown): Module[] {
  if (!Array.isArray(parsed)) throw new FormatError(file, "is no list, expected one of modules");
  const modules = parsed.map((entry: unknown, i) => {
    const reader = readFields(file, entry, (field) => `[${i}].${field}`);
    const { idx, path, type } = reader.read({
      idx: optional(integer(0, 1 << 16), i),
      path: optional(text, ""),
      type: text,
    });
    const last = type.slice(type.lastIndexOf(".") + 1); // the rest is the path of a Python class
    const kind = known.find((one) => one === last);
    if (!kind) return reader.fail("type", `is ${shortened(type, 80)}, known modules are ${known.join(", ")}`);
    return { idx, kind, path, field: `[${i}]` };
  });
  return modules.toSorted((a, b) => a.idx - b.idx);
}

/** The modes of a pooling module, in the order in which their vectors are joined. */
function poolingOf(config: FieldReader): PoolingMode[] {
  const named = config.field("pooling_mode", optional(choice([...poolingModes, "mean_sqrt_len_tokens"])));
  if (named !== undefined) return [named === "mean_sqrt_len_tokens" ? "mean_sqrt_len" : named];
  const field = (mode: PoolingMode) =>
    `pooling_mode_${{ cls: "cls_token", max: "max_tokens", mean: "mean_tokens", mean_sqrt_len: "mean_sqrt_len_tokens", weightedmean: "weightedmean_tokens", lasttoken: "lasttoken" }[mode]}`;
  // Only the mean is on by default.
  const modes = poolingModes.filter((mode) => config.field(field(mode), optional(flag, mode === "mean")));
  if (modes.length === 0) config.fail("pooling_mode_mean_tokens", "is false, as are all other modes, expected one");
  return modes;
}

/** How a pooling module for sparse vectors treats logits (sentence-transformers, SpladePooling). */
const sparseOf = (config: FieldReader): SparseActivation => {
  config.field("pooling_strategy", optional(choice(["max"])));
  return config.field("activation_function", optional(choice(["relu", "log1p_relu"]), "relu"));
};

/** Functions of a dense layer by the names of PyTorch's classes. */
const denseActivations = ["Identity", "Tanh", "ReLU", "GELU", "SiLU"] as const satisfies readonly VectorActivation[];

async function denseOf(source: FileSource, path: string): Promise<ModuleStep> {
  const name = within(path, "config.json");
  const config = await readerOf(source, name);
  if (!config) throw new FormatError(name, `there is no such file in ${source.name}, which ${file} names`);
  const given = config.read({
    in_features: integer(1, 1 << 20),
    out_features: integer(1, 1 << 20),
    bias: optional(flag, true),
    activation_function: optional(text, "torch.nn.modules.activation.Tanh"),
    module_input_name: optional(choice(["sentence_embedding"])),
    module_output_name: optional(choice(["sentence_embedding"])),
  });
  const { in_features: inputs, out_features: outputs, bias, activation_function: type } = given;
  const last = type.slice(type.lastIndexOf(".") + 1);
  const activation = denseActivations.find((one) => one === last);
  if (!activation) {
    return config.fail("activation_function", `is ${shortened(type, 80)}, known are ${denseActivations.join(", ")}`);
  }
  return { kind: "dense", path, inputs, outputs, bias, activation };
}

/** Maximum tokens of a text, and whether it is lower-cased, from the model's own folder. */
async function limitsOf(source: FileSource, path: string, architecture: string) {
  for (const model of new Set(["bert", architecture])) {
    const config = await readerOf(source, within(path, `sentence_${model}_config.json`));
    if (config) return config.read({ max_seq_length: optional(integer(1)), do_lower_case: optional(flag, false) });
  }
  return { max_seq_length: undefined, do_lower_case: false };
}

async function promptsOf(source: FileSource) {
  const config = await readerOf(source, "config_sentence_transformers.json");
  if (!config) return { prompts: {} };
  const given = config.raw["prompts"] ?? {};
  const prompts = readFields(config.file, given, (name) => `prompts.${name}`);
  const all = Object.fromEntries(Object.keys(prompts.raw).map((name) => [name, prompts.field(name, text)]));
  const defaultPromptName = config.field("default_prompt_name", optional(text));
  if (defaultPromptName !== undefined && !Object.hasOwn(all, defaultPromptName)) {
    config.fail("default_prompt_name", `is ${shortened(defaultPromptName, 80)}, which is not among prompts`);
  }
  return { prompts: all, defaultPromptName };
}

/** The list of modules of a folder, and the folder of its model; undefined without the list. */
export async function readModules(source: FileSource): Promise<readonly Module[] | undefined> {
  const content = await readTextIfPresent(source, file);
  if (content === undefined) return undefined;
  const modules = modulesOf(parseJson(file, content));
  const [first, second, ...others] = modules;
  if (first?.kind !== "Transformer" && first?.kind !== "MLMTransformer")
    throw new FormatError(file, `begins with ${first?.kind ?? "nothing"}, expected Transformer`);
  if (second?.kind === "SpladePooling" && others.length === 0) return modules;
  if (second?.kind !== "Pooling") {
    throw new FormatError(file, `has ${second?.kind ?? "nothing"} after ${first.kind}, expected Pooling`);
  }
  const wrong = others.find(({ kind }) => kind !== "Dense" && kind !== "Normalize");
  if (wrong)
    throw new FormatError(file, `is a second ${wrong.kind}, expected Dense or Normalize`, { field: wrong.field });
  return modules;
}

/**
 * A folder's settings for vectors (sentence-transformers, models). Without a list of modules: the mean, as in that
 * library. Throws `FormatError` for an unknown module or setting.
 */
export async function readSentence(
  source: FileSource,
  modules: readonly Module[] | undefined,
  architecture: string,
): Promise<SentenceModules> {
  const [transformer, pooling, ...others] = modules ?? [];
  const path = transformer?.path ?? "";
  const { max_seq_length: maxTokens, do_lower_case: lowerCase } = await limitsOf(source, path, architecture);
  const common = { transformer: path, maxTokens, lowerCase, ...(await promptsOf(source)) };
  if (!pooling) return { ...common, pooling: ["mean"], includePrompt: true, steps: [] };
  const name = within(pooling.path, "config.json");
  const config = await readerOf(source, name);
  if (!config) throw new FormatError(name, `there is no such file in ${source.name}, which ${file} names`);
  if (pooling.kind === "SpladePooling") {
    return { ...common, pooling: ["mean"], includePrompt: true, steps: [], sparse: sparseOf(config) };
  }
  const width = config.field("word_embedding_dimension", optional(integer(1)));
  const steps: ModuleStep[] = [];
  for (const { kind, path } of others)
    steps.push(kind === "Dense" ? await denseOf(source, path) : { kind: "normalize" });
  return {
    ...common,
    pooling: poolingOf(config),
    includePrompt: config.field("include_prompt", optional(flag, true)),
    width: width === undefined ? undefined : { file: name, value: width },
    steps,
  };
}
