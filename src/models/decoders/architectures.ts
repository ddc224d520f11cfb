import { shortened } from "../../formats/format-error.ts";
import { type FieldReader, list, optional, readFields, text } from "../../formats/json/fields.ts";
import { quantisationMethod, quantisationMethods } from "../../formats/quantised/methods.ts";
import { type ConfigOrigin, configJson, type DecoderConfig } from "./config.ts";
import { deepseek } from "./deepseek.ts";
import { type Family, familiesByName } from "./family.ts";
import { gemma } from "./gemma.ts";
import { gptOss } from "./gpt-oss.ts";
import { gpt1 } from "./gpt1.ts";
import { gpt2 } from "./gpt2.ts";
import { llama } from "./llama.ts";

/** All families but those whose layers carry states: adding one takes a file and an entry here. */
const families = [llama, gpt1, gpt2, gptOss, deepseek, gemma] as const;
const byName = familiesByName(families);

/** The names of those whose layers carry states, which `state-families.ts` holds: they are loaded with a model of one. */
const withStates = [
  "FalconH1ForCausalLM",
  "GraniteMoeHybridForCausalLM",
  "Lfm2ForCausalLM",
  "Mamba2ForCausalLM",
  "Qwen3NextForCausalLM",
  "Qwen3_5ForCausalLM",
  "Qwen3_5ForConditionalGeneration",
  "Qwen3_5MoeForCausalLM",
  "Qwen3_5MoeForConditionalGeneration",
];
/** Released folders of these list no architecture; `model_type` alone names it. */
const byModelType = ["Mamba2ForCausalLM"];

/** The names of all architectures. */
export const architectures: readonly string[] = [...Object.keys(byName), ...withStates];

/** What a config says about its architecture. */
const fields = {
  architectures: optional(list(text, "names")),
  model_type: optional(text),
};

/** The `model_type` that goes with an architecture: `Qwen2MoeForCausalLM` is a `qwen2_moe`. */
export const modelType = (architecture: string) =>
  architecture
    .replace(/(ForCausalLM|ForConditionalGeneration|LMHeadModel)$/, "")
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, "_")
    .toLowerCase();

const modelTypes = new Map(architectures.map((name) => [modelType(name), name]));

/** Throws `FormatError` for weights whose quantisation their family does not support. */
function checkQuantisation(config: FieldReader, packings: readonly string[]): void {
  const given = config.raw["quantization_config"] ?? undefined;
  if (given === undefined) return;
  if (quantisationMethod(config.raw)) return;
  const method = typeof given === "object" ? Object.entries(given) : [];
  if (method.some(([name, value]) => name === "quant_method" && packings.includes(String(value)))) return;
  config.fail(
    "quantization_config",
    `weights quantised by this scheme are not supported; use one of ${quantisationMethods.join(", ")}, or an f32, f16 or bf16 checkpoint`,
  );
}

/** The name of a config's architecture, as it says it. */
function nameIn(reader: FieldReader): string {
  const { architectures: listed, model_type: type } = reader.read(fields);
  const typed = type === undefined ? undefined : modelTypes.get(type);
  const name = listed?.[0] ?? byModelType.find((one) => one === typed);
  const known = `known are ${architectures.join(", ")}`;
  if (name === undefined) return reader.fail("architectures", `names no architecture; ${known}`);
  if (!architectures.includes(name)) reader.fail("architectures", `is ${shortened(name)}, ${known}`);
  if (type !== undefined && modelTypes.has(type) && modelType(name) !== type)
    reader.fail("model_type", `is ${type}, but architectures names ${name}`);
  return name;
}

/** A config's family and settings. */
interface Architecture {
  readonly family: Family;
  readonly config: DecoderConfig;
}

/**
 * The family and settings of a parsed `config.json`; throws `FormatError` for an unknown one, or one whose layers carry
 * states, unless its family is given: those are not trained.
 */
export function readArchitecture(
  raw: unknown,
  { file, names }: ConfigOrigin = configJson,
  stateFamilies: Readonly<Record<string, Family>> = {},
): Architecture {
  const reader = readFields(file, raw, names);
  const name = nameIn(reader);
  const family = byName[name] ?? stateFamilies[name];
  if (!family)
    return reader.fail("architectures", `is ${name}, whose layers carry states; such models are not trained`);
  checkQuantisation(reader, family.packings ?? []);
  return { family, config: family.read(reader, name) };
}

/** As `readArchitecture`, of any family. */
export async function readAnyArchitecture(raw: unknown, origin: ConfigOrigin): Promise<Architecture> {
  const isPlain = byName[nameIn(readFields(origin.file, raw, origin.names))];
  return readArchitecture(raw, origin, isPlain ? {} : (await import("../states-entry.ts")).stateFamilies);
}
