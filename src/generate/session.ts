import type { ChatMessage } from "../text/chat-template.ts";
import { TextError } from "../text/text-error.ts";
import { Generation, type GenerationResult } from "./generation.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { type GenerationOptions, penalises, resolveOptions } from "./options.ts";
import type { Row } from "./row.ts";
import { run } from "./run.ts";
import { SequenceState } from "./sequence-state.ts";

/**
 * One or several sequences with their cache. Generated tokens stay in it: the next prompt continues from there, and
 * only its new tokens are computed.
 */
export class Session {
  readonly model: LoadedModel;
  readonly state: SequenceState;
  /** Longest sequence, in tokens. */
  readonly context: number;
  readonly #tokens: number[][];
  readonly #cached: number[];
  #busy = false;

  constructor(model: LoadedModel, batch: number) {
    this.model = model;
    this.context = model.context;
    this.state = new SequenceState(model.programs, batch);
    this.#tokens = Array.from({ length: batch }, () => []);
    this.#cached = new Array<number>(batch).fill(0);
  }

  /** All tokens of a row so far, prompt and generated. */
  tokens(row = 0): readonly number[] {
    return this.#tokens[row] ?? [];
  }

  /** Tokens computed by prefills since the session began, over all rows. */
  get prefilledTokens(): number {
    return this.state.prefilled;
  }

  /**
   * Continues each row with one prompt: text, or token ids. Throws for prompts that are empty, too long or not in the
   * vocabulary.
   */
  generate(prompts: string | readonly number[] | readonly string[], options: GenerationOptions = {}): Generation {
    const list = typeof prompts === "string" || typeof prompts[0] === "number" ? [prompts] : prompts;
    if (list.length !== this.#tokens.length) {
      throw new TextError(`${list.length} prompts for a session of ${this.#tokens.length} rows`);
    }
    const added = list.map((prompt, row) => this.#encode(prompt as string | readonly number[], row));
    added.forEach((ids, row) => {
      this.#check([...this.tokens(row), ...ids]);
    });
    return this.#start(options, () => {
      added.forEach((ids, row) => {
        this.#tokens[row]?.push(...ids);
      });
    });
  }

  /** Answers a conversation in the model's chat format; only tokens that are not in the cache yet are computed. */
  chat(messages: readonly ChatMessage[], options: GenerationOptions = {}): Generation {
    const { chatTemplate, tokenizer, name } = this.model;
    if (!chatTemplate) throw new TextError(`${name} has no chat template; give it text to continue instead`);
    const ids = tokenizer.encode(chatTemplate.render(messages), { addSpecialTokens: false });
    this.#check(ids);
    return this.#start(options, () => {
      const known = this.tokens();
      let shared = 0;
      while (shared < ids.length && ids[shared] === known[shared]) shared++;
      this.#tokens[0] = ids;
      // At least the last token is computed, for its logits.
      this.#cached[0] = Math.min(this.#cached[0] ?? 0, shared, ids.length - 1);
    });
  }

  #encode(prompt: string | readonly number[], row: number): readonly number[] {
    if (typeof prompt !== "string") return prompt;
    if (prompt === "") throw new TextError("the prompt is empty");
    return this.model.tokenizer.encode(prompt, { addSpecialTokens: this.tokens(row).length === 0 });
  }

  #check(ids: readonly number[]): void {
    const { vocabulary } = this.model.decoder.config;
    if (ids.length === 0) throw new TextError("the prompt is empty");
    const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
    if (wrong !== undefined) {
      throw new TextError(`token id ${wrong} is outside of the model's vocabulary of ${vocabulary} tokens`);
    }
    if (ids.length > this.context) {
      throw new TextError(`the prompt has ${ids.length} tokens, more than the context of ${this.context}`);
    }
  }

  #start(options: GenerationOptions, take: () => void): Generation {
    const { model, state } = this;
    const resolved = resolveOptions(options, model.defaults.options, this.#tokens.length);
    return new Generation((finish) => this.#run(take, resolved, finish, model, state));
  }

  async *#run(
    take: () => void,
    options: ReturnType<typeof resolveOptions>,
    finish: (result: GenerationResult) => void,
    model: LoadedModel,
    state: SequenceState,
  ) {
    if (this.#busy) throw new TextError("this session is generating already; wait for it to end, or open another");
    this.#busy = true;
    const timings = { prefill: 0, decode: 0, encodePerToken: 0, steps: 0 };
    const rows: Row[] = [];
    const before = state.compileTime;
    const { context } = this;
    const prefilledBefore = state.prefilled;
    try {
      take();
      const inputs = {
        tokenizer: model.tokenizer,
        eos: model.defaults.eos,
        tokens: this.#tokens.map((t) => [...t]),
        context,
      };
      yield* run(state, inputs, options, rows, this.#cached, timings);
    } finally {
      this.#busy = false;
      for (const row of rows) this.#tokens[row.index]?.push(...row.tokens);
      const decoded = rows.reduce((sum, { tokens }) => sum + Math.max(0, tokens.length - 1), 0);
      const kind = { penalties: penalises(options), logprobs: options.logprobs };
      const longest = Math.max(1, ...this.#tokens.map(({ length }) => length));
      const step = model.programs.decode(state.batch, model.programs.visible(longest), kind);
      finish({
        rows: rows.map(({ promptTokens, tokens, text, stopReason }) => ({
          promptTokens,
          tokens,
          text,
          stopReason: stopReason ?? "abort",
        })),
        seeds: options.seeds,
        timings: {
          compile: state.compileTime - before,
          prefill: timings.prefill,
          decode: timings.decode,
          tokensPerSecond: timings.decode > 0 ? (decoded * 1000) / timings.decode : 0,
          prefillTokensPerSecond:
            timings.prefill > 0 ? ((state.prefilled - prefilledBefore) * 1000) / timings.prefill : 0,
          encodePerToken: timings.encodePerToken,
        },
        memory: {
          weights: model.decoder.weights.bytes,
          cache: state.cache.bytes,
          cachePeak: state.cache.peakBytes,
          temporaries: model.programs.temporaryBytes,
        },
        dispatchesPerToken: step.program.dispatches.length,
      });
    }
  }

  /** Compiles what a prompt of `tokens` tokens and its decoding need, so that the first token does not wait for it. */
  async warm(tokens: number, options: GenerationOptions = {}): Promise<void> {
    const resolved = resolveOptions(options, this.model.defaults.options, this.#tokens.length);
    const kind = { penalties: penalises(resolved), logprobs: resolved.logprobs };
    await this.state.warmPrefill(tokens); // first: it may move the cache
    await this.state.bound("sample", tokens, kind);
    await this.state.bound("decode", tokens, kind);
  }

  /** Frees the cache. */
  dispose(): void {
    this.state.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
