import { listed, printed } from "../formats/format-error.ts";
import type { FileSource } from "../formats/source.ts";
import type { Weights } from "../formats/weights.ts";
import { readArchitecture } from "../models/architectures.ts";
import { type Checkpoint, checkWeights, impliedNames } from "../models/checkpoint.ts";
import type { DecoderConfig } from "../models/config.ts";
import { type ChatTemplate, loadChatTemplate, parseChatTemplate } from "../text/chat-template.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { readDefaults } from "./generation-config.ts";
import { checkTokens, modelFiles } from "./model-files.ts";
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
  /** How a GGUF file says that most of its weights are stored, e.g. `Q4_K_M`. */
  readonly quantisation: string | undefined;
}

/** The weights of a model that is not sharded. Other readers prefer it to an index. */
const single = "model.safetensors";

/**
 * Reads and checks a Hugging Face folder or a GGUF file, without a device: of a folder `config.json`, `generation_config.json`, the tokenizer with
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
  const files = await modelFiles(source);
  const { origin } = files;
  const rawConfig = await files.config();
  const { family, config } = readArchitecture(rawConfig, origin);
  const generation = await files.generation();
  const tokenizer = await files.tokenizer();
  const tokenizerConfig = await files.tokenizerConfig();
  const { vocabulary } = config;
  checkTokens(files, tokenizer, vocabulary);
  const defaults = readDefaults({ config: rawConfig, generation, tokenizerEos: tokenizer.eos, vocabulary }, warn);
  const chatTemplate =
    given === undefined
      ? await loadChatTemplate({ tokenizerConfig, chatTemplateJinja: await files.chatTemplate() })
      : await parseChatTemplate({ tokenizerConfig, chatTemplateJinja: given });
  const weights = await files.weights(family.transposed ?? false, (has) => impliedNames(family, config, has));
  const checkpoint = checkWeights(weights, family, config, origin);
  const read = new Set([...weights.tensors.values()].map(({ file }) => file));
  if (source.gguf === undefined && !read.has(single) && (await source.has(single))) {
    warn(`${single}: is not read: ${weights.file} names other files`);
  }
  if (checkpoint.unread.length > 0) warn(`${weights.file}: nothing reads ${listed(checkpoint.unread)}`);
  for (const warning of files.warnings) warn(warning);
  const { quantisation } = files;
  return { config, tokenizer, chatTemplate, defaults, weights, checkpoint, warnings, quantisation };
}
