import { readFields } from "../formats/fields.ts";
import { FormatError, listed, printed } from "../formats/format-error.ts";
import { type FileSource, readJson, readText } from "../formats/source.ts";
import { openWeights, type Weights } from "../formats/weights.ts";
import { readArchitecture } from "../models/architectures.ts";
import { type Checkpoint, checkWeights } from "../models/checkpoint.ts";
import type { DecoderConfig } from "../models/config.ts";
import { type ChatTemplate, loadChatTemplate, parseChatTemplate } from "../text/chat-template.ts";
import { loadTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { readDefaults } from "./generation-config.ts";
import type { GenerationDefaults } from "./options.ts";

/** A model's files, read and compared with one another, but for the values of its weights. */
export interface ModelFolder {
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: ChatTemplate | undefined;
  readonly defaults: GenerationDefaults;
  readonly weights: Weights;
  readonly checkpoint: Checkpoint;
  /** What the files hold that has no effect, each with file and field. */
  readonly warnings: readonly string[];
}

/** The weights of a model that is not sharded. Other readers prefer it to an index. */
const single = "model.safetensors";

/**
 * Reads and checks a Hugging Face folder, without a device: `config.json`, `generation_config.json`, the tokenizer with
 * its config and chat template, or the one given, and the names, types and shapes of the weights.
 *
 * @throws FormatError or TextError, with file and field, for a file that is missing or invalid, and for files that
 * contradict each other.
 */
export async function readModelFolder(
  source: FileSource,
  { chatTemplate: given }: { readonly chatTemplate?: string | undefined } = {},
): Promise<ModelFolder> {
  const warnings: string[] = [];
  const warn = (warning: string) => void warnings.push(printed(warning));
  const optional = async (file: string) => ((await source.has(file)) ? await readJson(source, file) : {});
  const rawConfig = await readJson(source, "config.json");
  const { family, config } = readArchitecture(rawConfig);
  const generation = await optional("generation_config.json");
  const { raw: tokenizerConfig } = readFields("tokenizer_config.json", await optional("tokenizer_config.json"));
  const tokenizer = await loadTokenizer(await readJson(source, "tokenizer.json"), tokenizerConfig);
  const { vocabulary } = config;
  if (tokenizer.size > vocabulary) {
    const problem = `has token id ${tokenizer.size - 1}, but config.json says vocab_size ${vocabulary}`;
    throw new FormatError("tokenizer.json", problem, { field: "vocab" });
  }
  const defaults = readDefaults({ config: rawConfig, generation, tokenizerEos: tokenizer.eos, vocabulary }, warn);
  const stored = async () =>
    (await source.has("chat_template.jinja")) ? await readText(source, "chat_template.jinja") : undefined;
  const chatTemplate =
    given === undefined
      ? await loadChatTemplate({ tokenizerConfig, chatTemplateJinja: await stored() })
      : await parseChatTemplate({ tokenizerConfig, chatTemplateJinja: given });
  const weights = await openWeights(source);
  const checkpoint = checkWeights(weights, family, config);
  const files = new Set([...weights.tensors.values()].map(({ file }) => file));
  if (!files.has(single) && (await source.has(single))) {
    warn(`${single}: is not read: ${weights.file} names other files`);
  }
  if (checkpoint.unread.length > 0) warn(`${weights.file}: nothing reads ${listed(checkpoint.unread)}`);
  return { config, tokenizer, chatTemplate, defaults, weights, checkpoint, warnings };
}
