import type { Progress } from "../formats/load-progress.ts";
import { GpuError } from "../gpu/errors.ts";
import type { EncoderTokenizer } from "../text/encoder-tokenizer.ts";
import { TextError } from "../text/text-error.ts";
import type { EmbeddingSettings } from "./embedding.ts";
import type { TextInput } from "./packing.ts";
import type { EncoderPrograms, PackOutput } from "./programs.ts";

/** The vector of a text. */
export interface EmbeddedText {
  readonly embedding: Float32Array;
  /** Number of tokens used, with a prompt and the special tokens. */
  readonly tokens: number;
}

/** How texts are embedded. */
export interface EmbedOptions {
  /** The prompt prepended to each text, by its name in `config_sentence_transformers.json`. */
  readonly promptName?: string | undefined;
  /** Maximum number of tokens of a text, including special ones, if lower than the model's maximum. */
  readonly maxTokens?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Vectors of texts, in their order. */
export interface Embeddings {
  readonly embeddings: readonly Float32Array[];
  /** Number of tokens used of each text, with a prompt and the special tokens. */
  readonly tokens: readonly number[];
}

/** How a list of texts is embedded. */
export interface EmbedListOptions extends EmbedOptions {
  /** Called after each batch with the number of finished texts, and of all. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** A text, or its token ids including the model's special tokens, used as they are. */
export type EmbedInput = string | readonly number[];

/** What turns texts into inputs. */
export interface TextReader {
  readonly tokenizer: EncoderTokenizer;
  /** Size of the model's vocabulary. */
  readonly vocabulary: number;
  readonly settings: EmbeddingSettings;
  /** Normalises a text before tokenization: stripped of white space, lower-cased. */
  readonly prepare: (text: string) => string;
}

/** The prompt of a name, or the default one. Throws `TextError` for an unknown name. */
function promptOf({ prompts, defaultPromptName }: EmbeddingSettings, name: string | undefined): string {
  const wanted = name ?? defaultPromptName;
  if (wanted === undefined) return "";
  const prompt = Object.hasOwn(prompts, wanted) ? prompts[wanted] : undefined;
  if (prompt !== undefined) return prompt;
  const known = Object.keys(prompts);
  const there = known.length > 0 ? `the prompts are ${known.join(", ")}` : "the model has no prompts";
  throw new TextError(`embed: promptName is ${JSON.stringify(wanted)}, but ${there}`);
}

/**
 * Inputs of texts, made on demand; a text that is too long loses its end, never the special tokens. Throws `TextError`
 * for a text without tokens, and for token ids that are unknown, too many, or combined with a prompt.
 */
export async function* textInputs(
  { tokenizer, settings, prepare, vocabulary }: TextReader,
  texts: Iterable<EmbedInput> | AsyncIterable<EmbedInput>,
  { promptName, maxTokens = settings.maxTokens }: EmbedOptions,
): AsyncGenerator<TextInput, void, undefined> {
  const prompt = promptOf(settings, promptName);
  const most = Math.min(maxTokens, settings.maxTokens);
  const length = prompt === "" || settings.includePrompt ? 0 : promptLength(tokenizer, prepare(prompt));
  let i = 0;
  for await (const text of texts) {
    if (Array.isArray(text)) {
      if (promptName !== undefined) {
        throw new TextError(
          `embed: promptName is ${JSON.stringify(promptName)}, but texts[${i}] is token ids, not a text`,
        );
      }
      yield { ids: checkedIds(`embed: texts[${i}]`, text, vocabulary, most), typeIds: text.map(() => 0) };
      i++;
      continue;
    }
    if (typeof text !== "string") {
      throw new TextError(`embed: texts[${i}] is ${typeof text}, expected a text or token ids`);
    }
    const { ids, typeIds, spans, cut } = tokenizer.encodeInput(prepare(prompt + text), { maxTokens: most });
    const isEmpty = spans.every((span) => span === undefined);
    if (text.trim() === "" || (isEmpty && cut[0] === 0)) {
      throw new TextError(`embed: texts[${i}] is empty, expected a text with at least one token`);
    }
    if (isEmpty || length >= ids.length) {
      const around = isEmpty ? "the special tokens" : `a prompt of ${length} tokens`;
      throw new TextError(`embed: ${around} leave none of ${most} tokens for texts[${i}]`);
    }
    yield { ids, typeIds, prompt: length };
    i++;
  }
}

/** Token ids, as they are. */
function checkedIds(where: string, ids: readonly unknown[], vocabulary: number, most: number): readonly number[] {
  if (ids.length === 0) throw new TextError(`${where} is empty, expected at least one token id`);
  if (ids.length > most) {
    throw new TextError(`${where} has ${ids.length} token ids, expected at most ${most}: ids are not cut off`);
  }
  const wrong = ids.find((id) => !(Number.isInteger(id) && Number(id) >= 0 && Number(id) < vocabulary));
  if (wrong === undefined) return ids as readonly number[];
  throw new TextError(`${where} has the token id ${String(wrong)}, expected integers from 0 to ${vocabulary - 1}`);
}

/** Tokens of a prompt, with the special ones before it (sentence-transformers, SentenceTransformer.encode). */
function promptLength(tokenizer: EncoderTokenizer, prompt: string): number {
  const { ids, spans } = tokenizer.encodeInput(prompt);
  return spans.at(-1) === undefined ? ids.length - 1 : ids.length;
}

/** Vectors of inputs, in their order, a pack at a time. Throws `GpuError` for one that is not finite. */
export async function* vectorsOf(
  name: string,
  programs: EncoderPrograms,
  output: PackOutput,
  inputs: AsyncIterable<TextInput>,
  width: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<EmbeddedText[], void, undefined> {
  let done = 0;
  for await (const { texts, values } of programs.run(inputs, output, { signal })) {
    const embedded = texts.map(({ ids }, i) => {
      const embedding = Float32Array.from(values.subarray(i * width, (i + 1) * width));
      if (!embedding.every(Number.isFinite))
        throw new GpuError(`${name}: the vector of texts[${done + i}] is not finite`);
      return { embedding, tokens: ids.length };
    });
    done += texts.length;
    yield embedded;
  }
}
