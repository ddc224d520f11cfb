import { maxBatch } from "../kernels/step.ts";
import { checkRequirements } from "../models/requirements.ts";
import { checkValue, either, listOf, shown, size, text } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import type { ChatMessage } from "../text/chat-template.ts";
import { TextError } from "../text/text-error.ts";
import { tokensAhead } from "./chunks.ts";
import type { Generation } from "./generation.ts";
import type { TextResult } from "./generation-result.ts";
import { LoadedModel } from "./loaded-model.ts";
import type { ChatOptions, GenerationOptions } from "./options.ts";
import { checkPrompts, isOne, type Prompt, Session, type SessionOptions } from "./session.ts";

/** A language model on the GPU with its tokenizer. Made by `loadModel`. */
export class LanguageModel extends LoadedModel {
  /**
   * Continues a prompt, or several as one batch, in a new session, which ends with it. Memory is taken when the
   * generation is first read, and is free again when it has ended.
   */
  generate(prompt: Prompt, options?: GenerationOptions): Generation<TextResult>;
  generate(prompts: Prompt | readonly Prompt[], options?: GenerationOptions): Generation;
  generate(prompts: Prompt | readonly Prompt[], options: GenerationOptions = {}): Generation {
    checkPrompts(prompts);
    return this.#session(isOne(prompts) ? 1 : prompts.length, { once: true }).generate(prompts, options);
  }

  /**
   * Answers a conversation in the model's chat format, in a new session as `generate` does. A session's own `chat` keeps
   * what is computed for the next turn. Throws `TextError` where the model has no chat template or the template rejects
   * the messages.
   */
  chat(messages: readonly ChatMessage[], options: ChatOptions = {}): Generation<TextResult> {
    return this.#session(1, { once: true }).chat(messages, options);
  }

  /**
   * Opens a session of `batch` sequences that keeps its cache from turn to turn. Its memory is taken with the first use.
   */
  session(batch = 1): Session {
    return this.#session(batch);
  }

  #session(batch: number, options?: SessionOptions): Session {
    this.lifetime.assertLive();
    if (!Number.isInteger(batch) || batch < 1 || batch > maxBatch) {
      throw new OptionError(`session: batch is ${shown(batch)}, expected an integer from 1 to ${maxBatch}`);
    }
    const { gpu, decoder, programs } = this;
    const { config } = decoder;
    checkRequirements(gpu, config, programs.capacity, batch, programs.cache, tokensAhead(gpu, config));
    return new Session(this, batch, options);
  }

  /**
   * Log-probability (natural logarithm) of each token but the first, given those before it. `tokens` are ids, or a
   * text, tokenized with the special tokens that the model adds around it.
   */
  async score(tokens: string | readonly number[]): Promise<Float64Array> {
    this.lifetime.assertLive();
    checkValue("score", "tokens", either(text, listOf(size)), tokens);
    const ids = typeof tokens === "string" ? this.tokenizer.encode(tokens) : tokens;
    const { vocabulary } = this.decoder.config;
    if (ids.length > this.context) {
      throw new TextError(`${ids.length} tokens to score, more than the context of ${this.context}`);
    }
    const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
    if (wrong !== undefined)
      throw new TextError(`token id ${wrong} is outside of the vocabulary of ${vocabulary} tokens`);
    using session = this.session();
    const { score } = await import("./inspection.ts"); // a page that scores nothing does not load it
    return await score(session.state, ids);
  }

  /**
   * Ends its sessions, stops what they compute, and frees all their memory, the programs and the weights, as soon as
   * nothing uses them.
   */
  dispose(): void {
    this.lifetime.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
