import { shortened } from "../../formats/format-error.ts";
import { type FieldReader, list, optional, readFields, text } from "../../formats/json/fields.ts";
import { quantisationMethod, quantisationMethods } from "../../formats/quantised/methods.ts";
import { type ConfigOrigin, configJson, type DecoderConfig } from "./config.ts";
import { deepseek } from "./deepseek.ts";
import { falconH1 } from "./falcon-h1.ts";
import type { Family } from "./family.ts";
import { gemma } from "./gemma.ts";
import { gptOss } from "./gpt-oss.ts";
import { gpt1 } from "./gpt1.ts";
import { gpt2 } from "./gpt2.ts";
import { lfm2 } from "./lfm2.ts";
import { llama } from "./llama.ts";
import { mamba2 } from "./mamba2.ts";
import { qwenNext } from "./qwen-next.ts";

/** All families: adding one takes a file and an entry here. */
const families = [llama, gpt1, gpt2, gptOss, deepseek, gemma, lfm2, qwenNext, mamba2, falconH1] as const;

/** Families by the names in `architectures` of a `config.json`. */
export const architectures: Readonly<Record<string, Family>> = Object.fromEntries(
  families.flatMap((family) => family.architectures.map((name) => [name, family] as const)),
);

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

const modelTypes = new Map(Object.keys(architectures).map((name) => [modelType(name), name]));

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

/** The family and settings of a parsed `config.json`; throws `FormatError` for an unknown one. */
export function readArchitecture(
  raw: unknown,
  { file, names }: ConfigOrigin = configJson,
): { family: Family; config: DecoderConfig } {
  const reader = readFields(file, raw, names);
  const known = `known are ${Object.keys(architectures).join(", ")}`;
  const { architectures: listed, model_type: type } = reader.read(fields);
  const typed = type === undefined ? undefined : modelTypes.get(type);
  const name = listed?.[0] ?? (typed !== undefined && architectures[typed]?.byModelType ? typed : undefined);
  if (name === undefined) return reader.fail("architectures", `names no architecture; ${known}`);
  const family = Object.hasOwn(architectures, name) ? architectures[name] : undefined;
  if (!family) return reader.fail("architectures", `is ${shortened(name)}, ${known}`);
  if (type !== undefined && modelTypes.has(type) && modelType(name) !== type)
    reader.fail("model_type", `is ${type}, but architectures names ${name}`);
  checkQuantisation(reader, family.packings ?? []);
  return { family, config: family.read(reader, name) };
}
