import { FormatError } from "../format-error.ts";
import { withGroups } from "../grouped.ts";
import type { FileSource } from "../source.ts";
import { type Weights, weightsOf } from "../weights.ts";
import type { GgufArchitecture } from "./architectures/architecture.ts";
import { deepseek2 } from "./architectures/deepseek2.ts";
import { gemma2, gemma3 } from "./architectures/gemma.ts";
import { gptOss } from "./architectures/gpt-oss.ts";
import { gpt2 } from "./architectures/gpt2.ts";
import { graniteHybrid } from "./architectures/granite-hybrid.ts";
import { lfm2 } from "./architectures/lfm2.ts";
import { llama } from "./architectures/llama.ts";
import { mamba2 } from "./architectures/mamba2.ts";
import { phi3 } from "./architectures/phi3.ts";
import { olmo2, olmoe, qwen2, qwen2moe, qwen3, qwen3moe } from "./architectures/qwen.ts";
import { qwen3next, qwen35, qwen35moe } from "./architectures/qwen-next.ts";
import { smollm3 } from "./architectures/smollm3.ts";
import { type Facts, readFacts } from "./facts.ts";
import { nameTensors } from "./named-tensors.ts";
import { openGguf } from "./open.ts";
import { fileTypes } from "./types.ts";

/** All architectures: adding one takes a file and an entry here. */
const records: readonly GgufArchitecture[] = [
  llama,
  qwen2,
  qwen3,
  gpt2,
  qwen2moe,
  qwen3moe,
  olmoe,
  deepseek2,
  gptOss,
  phi3,
  smollm3,
  olmo2,
  gemma2,
  gemma3,
  lfm2,
  mamba2,
  graniteHybrid,
  qwen3next,
  qwen35,
  qwen35moe,
];

/** Architectures by the value of `general.architecture`. */
export const ggufArchitectures: ReadonlyMap<string, GgufArchitecture> = new Map(
  records.map((record) => [record.name, record]),
);

/** The contents of a GGUF file as the files of a Hugging Face folder. */
interface GgufFiles {
  /** A parsed `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The metadata keys that fields of `config` come from, for messages. */
  readonly names: Readonly<Record<string, string>>;
  readonly facts: Facts;
  readonly weights: Weights;
  readonly files: readonly string[];
  /** The storage of most tensors, e.g. `Q4_K_M`. */
  readonly quantisation: string | undefined;
}

function architectureOf(facts: Facts): GgufArchitecture {
  const found = ggufArchitectures.get(facts.architecture);
  if (found) return found;
  const known = `known are ${[...ggufArchitectures.keys()].join(", ")}`;
  return facts.reader.fail("general.architecture", `is ${facts.architecture}, ${known}`);
}

/** The fields of `config.json` that are metadata keys. */
function configOf({ keys, fields }: GgufArchitecture, facts: Facts) {
  const config: Record<string, unknown> = {};
  for (const [field, key] of Object.entries(keys)) {
    const value = facts.value(key);
    if (value !== undefined) config[field] = value;
  }
  const names = Object.fromEntries(Object.entries(keys).map(([field, key]) => [field, facts.key(key)]));
  const embedding = facts.tensors.get("token_embd.weight");
  if (!embedding) throw new FormatError(facts.reader.file, "has no such tensor", { field: "token_embd.weight" });
  return {
    config: { vocab_size: embedding.shape[0], ...config, ...fields(facts) } as Record<string, unknown>,
    names: { vocab_size: "token_embd.weight", ...names },
  };
}

/**
 * Opens a GGUF file as the files of a Hugging Face folder; reads only the header.
 *
 * @throws FormatError for a file that breaks the format, or has an unknown architecture.
 */
export async function readGguf(source: FileSource, file: string): Promise<GgufFiles> {
  const model = await openGguf(source, file);
  const small = [...new Set(records.flatMap(({ read = [] }) => read))];
  const facts = await readFacts(model, small);
  const architecture = architectureOf(facts);
  const { tensors, made } = nameTensors(architecture, facts);
  const named = weightsOf(source, file, tensors);
  const type = facts.reader.raw["general.file_type"];
  return {
    ...configOf(architecture, facts),
    facts,
    weights: withGroups(named, made),
    files: model.files,
    quantisation: typeof type === "number" ? fileTypes.get(type) : undefined,
  };
}
