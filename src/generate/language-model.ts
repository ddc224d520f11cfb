import { checkValue, either, listOf, size, text } from "../options/checks.ts";
import type { ChatMessage } from "../text/template/chat-template.ts";
import { TextError } from "../text/text-error.ts";
import { LoadedModel } from "./load/loaded-model.ts";
import type { TokenAttention, TokenAttentionOptions } from "./look/attention-weights.ts";
import type { EmbedOptions } from "./look/embed.ts";
import type { ExpertChoices } from "./look/expert-choices.ts";
import type { NextTokenOptions, NextTokenProbabilities } from "./look/next-token.ts";
import type { ChatOptions, GenerationOptions } from "./options.ts";
import { checkPrompts } from "./session/check-prompts.ts";
import type { Generation } from "./session/generation.ts";
import type { TextResult } from "./session/generation-result.ts";
import { isOne, type Prompt, Session, type SessionOptions } from "./session/session.ts";

/** Computations on given tokens, loaded on first use. */
const looks = () => import("./look/entry.ts");

/** A language model on the GPU with its tokenizer. Made by `loadModel`. */
export class LanguageModel extends LoadedModel {
  /**
   * Continues a prompt, or several as one batch, in a new session that ends with it. Memory is allocated when the
   * generation is first read, and freed when it ends.
   */
  generate(prompt: Prompt, options?: GenerationOptions): Generation<TextResult>;
  generate(prompts: Prompt | readonly Prompt[], options?: GenerationOptions): Generation;
  generate(prompts: Prompt | readonly Prompt[], options: GenerationOptions = {}): Generation {
    checkPrompts(prompts);
    return this.#session(isOne(prompts) ? 1 : prompts.length, { once: true }).generate(prompts, options);
  }

  /**
   * Answers a conversation in the model's chat format, in a new session as `generate` does. A session's own `chat`
   * keeps what is computed for the next turn. Throws `TextError` if the model has no chat template or the template
   * rejects the messages.
   */
  chat(messages: readonly ChatMessage[], options: ChatOptions = {}): Generation<TextResult> {
    return this.#session(1, { once: true }).chat(messages, options);
  }

  /**
   * Opens a session of `batch` sequences that keeps its cache from turn to turn. Its memory is allocated on first use.
   */
  session(batch = 1): Session {
    return this.#session(batch);
  }

  #session(batch: number, options?: SessionOptions): Session {
    this.lifetime.assertLive();
    this.checkMemory(batch);
    return new Session(this, batch, options);
  }

  /** Checked token ids; for a text, with the special tokens that the model adds. */
  #tokens(where: string, tokens: Prompt): readonly number[] {
    this.lifetime.assertLive();
    checkValue(where, "tokens", either(text, listOf(size)), tokens);
    const ids = typeof tokens === "string" ? this.tokenizer.encode(tokens) : tokens;
    const { vocabulary } = this.decoder.config;
    if (ids.length > this.context) {
      throw new TextError(`${where}: ${ids.length} tokens, more than the context of ${this.context}`);
    }
    const wrong = ids.find((id) => id >= vocabulary);
    if (wrong === undefined) return ids;
    throw new TextError(`${where}: token id ${wrong} is outside of the vocabulary of ${vocabulary} tokens`);
  }

  /**
   * Log-probability (natural logarithm) of each token but the first, given those before it. `tokens` are ids, or a
   * text, tokenized with the special tokens that the model adds around it.
   */
  async score(tokens: Prompt): Promise<Float64Array> {
    const ids = this.#tokens("score", tokens);
    const { score } = await looks();
    using session = this.session();
    return await score(session.state, ids);
  }

  /**
   * A vector for a text, or for each of several: the decoder's states after its last norm, pooled over the text's
   * tokens. Each is as long as the model is wide. `OptionError` for other options, `TextError` for a text without
   * tokens or longer than the context, and the reason of `signal` once it aborts.
   */
  embed(text: Prompt, options?: EmbedOptions): Promise<Float32Array<ArrayBuffer>>;
  embed(texts: readonly Prompt[], options?: EmbedOptions): Promise<Float32Array<ArrayBuffer>[]>;
  async embed(texts: Prompt | readonly Prompt[], options: EmbedOptions = {}) {
    checkPrompts(texts, "embed");
    const { checkEmbed, embed } = await looks();
    checkEmbed(options, this.decoder.config.width);
    const all = (isOne(texts) ? [texts] : texts).map((one) => this.#tokens("embed", one));
    if (all.some(({ length }) => length === 0)) throw new TextError("embed: a text has no tokens");
    using session = this.session();
    const vectors: Float32Array<ArrayBuffer>[] = [];
    for (const ids of all) vectors.push(await embed(session.state, ids, options));
    return isOne(texts) ? vectors[0] : vectors;
  }

  /**
   * How much one token attends to itself and to each before it, in one layer and head or in the mean of several.
   * `OptionError` for a position, layer or head that does not exist.
   */
  async attentionWeights(tokens: Prompt, options: TokenAttentionOptions = {}): Promise<TokenAttention> {
    const ids = this.#tokens("attentionWeights", tokens);
    const { attentionWeights, checkAttention } = await looks();
    const { heads } = this.decoder.config;
    checkAttention(options, { tokens: ids.length, layers: this.programs.cacheShape(1).layers, heads });
    using session = this.session();
    return await attentionWeights(session.state, ids, options);
  }

  /**
   * How likely each token id in `of` is to follow `tokens`: by the model's own distribution, and as `generate` draws
   * with these options (with its defaults). `OptionError` for invalid ids and options.
   */
  async nextTokenProbabilities(
    tokens: Prompt,
    of: readonly number[],
    options: NextTokenOptions = {},
  ): Promise<NextTokenProbabilities> {
    const ids = this.#tokens("nextTokenProbabilities", tokens);
    const { checkNextToken, nextTokenProbabilities } = await looks();
    const resolved = checkNextToken(ids, of, options, this.defaults.options, this.decoder.config.vocabulary);
    using session = this.session();
    return await nextTokenProbabilities(session.state, ids, of, options.generated ?? 0, resolved);
  }

  /** The experts that each token goes to, layer by layer, and their weights. Throws `TextError` for a dense model. */
  async expertChoices(tokens: Prompt, options: { readonly signal?: AbortSignal } = {}): Promise<ExpertChoices> {
    const ids = this.#tokens("expertChoices", tokens);
    const { checkExperts, expertChoices } = await looks();
    checkExperts(options);
    using session = this.session();
    return await expertChoices(session.state, ids, options.signal);
  }

  /**
   * Ends its sessions, stops what they compute, and frees all their memory, the programs and the weights, as soon as
   * they are unused.
   */
  dispose(): void {
    this.lifetime.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
