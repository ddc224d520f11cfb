import { checkValue, integer, listOf, size } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import type { ChatMessage } from "../../text/template/chat-template.ts";
import { TextError } from "../../text/text-error.ts";
import type { LoadedModel } from "../load/loaded-model.ts";
import {
  type ChatOptions,
  checkChat,
  type GenerationOptions,
  type ResolvedOptions,
  resolveOptions,
  samplingKind,
} from "../options.ts";
import { checkSpeculation } from "../speculative/check.ts";
import { type DraftSequence, openSequences } from "../speculative/draft-sequence.ts";
import { checkPrompts } from "./check-prompts.ts";
import { Generation } from "./generation.ts";
import { type GenerationResult, generationResult, type TextResult, unbegunResult } from "./generation-result.ts";
import { Lifetime } from "./lifetime.ts";
import { type Piece, type Row, rowsOf } from "./row.ts";
import { run } from "./run.ts";
import type { RunInputs, RunTimings } from "./run-inputs.ts";
import { SequenceState } from "./sequence-state.ts";
import { computed } from "./step-results.ts";

/** How a session ends. */
export interface SessionOptions {
  /** True if it ends with its first generation. */
  readonly once?: boolean;
}

/** Length of the common prefix of two sequences. */
export function sharedLength(a: readonly number[], b: readonly number[]): number {
  let shared = 0;
  while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared++;
  return shared;
}

/** A prompt: a text, or token ids. */
export type Prompt = string | readonly number[];

/** True for one prompt, false for several. */
export const isOne = (prompts: Prompt | readonly Prompt[]): prompts is Prompt =>
  typeof prompts === "string" || typeof prompts[0] === "number";

/**
 * One or several sequences with their cache. Generated tokens stay in it: the next prompt continues from there, and
 * only its new tokens are computed.
 */
export class Session {
  readonly model: LoadedModel;
  /** Longest sequence, in tokens. */
  readonly context: number;
  readonly #tokens: number[][];
  readonly #cached: number[];
  readonly #lifetime: Lifetime;
  readonly #once: boolean;
  #state: SequenceState | undefined;
  /** The draft model that last proposed tokens. */
  #draft: DraftSequence | undefined;
  #busy = false;

  constructor(model: LoadedModel, batch: number, { once = false }: SessionOptions = {}) {
    this.model = model;
    this.context = model.context;
    this.#lifetime = new Lifetime(`${model.name}: this session`, model.lifetime, () => {
      this.#state?.free();
      this.#draft?.dispose();
    });
    this.#once = once;
    this.#tokens = Array.from({ length: batch }, () => []);
    this.#cached = new Array<number>(batch).fill(0);
  }

  /** Its memory on the GPU, allocated when first needed. Throws `GpuError` once the session is disposed. */
  get state(): SequenceState {
    this.#lifetime.begin();
    this.#state ??= new SequenceState(this.model.programs, this.#tokens.length, this.#lifetime);
    return this.#state;
  }

  /** All tokens of a row so far, prompt and generated. */
  tokens(row = 0): readonly number[] {
    return this.#tokens[row] ?? [];
  }

  /** Tokens computed by prefills since the session began, over all rows. */
  get prefilledTokens(): number {
    return this.#state?.prefilled ?? 0;
  }

  /**
   * Continues each row with one prompt: text, or token ids. Throws for prompts that are empty, too long or not in the
   * vocabulary, and `GpuError` once the session, model or device is disposed, closed or lost.
   */
  generate(prompt: Prompt, options?: GenerationOptions): Generation<TextResult>;
  generate(prompts: Prompt | readonly Prompt[], options?: GenerationOptions): Generation;
  generate(prompts: Prompt | readonly Prompt[], options: GenerationOptions = {}): Generation {
    this.#lifetime.assertLive();
    checkPrompts(prompts);
    const list = isOne(prompts) ? [prompts] : prompts;
    if (list.length !== this.#tokens.length) {
      throw new TextError(`${list.length} prompts for a session of ${this.#tokens.length} rows`);
    }
    const added = list.map((prompt, row) => this.#encode(prompt, row));
    const all = () => added.map((ids, row) => [...this.tokens(row), ...ids]);
    return this.#start(options, all, () => {
      added.forEach((ids, row) => {
        this.#tokens[row]?.push(...ids);
      });
    });
  }

  /**
   * Answers a conversation in the model's chat format; only tokens not yet in the cache are computed. Throws
   * `TextError` if the model has no chat template or the template rejects the messages, and as `generate` does.
   */
  chat(messages: readonly ChatMessage[], given: ChatOptions = {}): Generation<TextResult> {
    this.#lifetime.assertLive();
    const { template, ...options } = checkChat(given);
    const { chatTemplate, tokenizer, name } = this.model;
    if (!chatTemplate) throw new TextError(`${name} has no chat template; give it text to continue instead`);
    return this.#replace(
      tokenizer.encode(chatTemplate.render(messages, template), { addSpecialTokens: false }),
      options,
    );
  }

  /**
   * Continues exactly these token ids, which replace the session's own; the cache keeps their common prefix. For
   * sessions of one sequence. With `generated` it continues a generation that ended early, for example because the
   * device was lost: these tokens count as generated, and are in the result but not among the pieces; with the same
   * seed the rest is as it would have been. Throws as `generate` does.
   */
  continueFrom(
    tokens: readonly number[],
    options: GenerationOptions = {},
    generated: readonly number[] = [],
  ): Generation<TextResult> {
    this.#lifetime.assertLive();
    checkValue("continueFrom", "tokens", listOf(size), tokens);
    checkValue("continueFrom", "generated", listOf(size), generated);
    return this.#replace([...tokens], options, [...generated]);
  }

  #replace(ids: number[], options: GenerationOptions, generated: readonly number[] = []): Generation<TextResult> {
    const batch = this.#tokens.length;
    if (batch !== 1) throw new TextError(`tokens of one row for a session of ${batch} rows`);
    const take = () => {
      const known = [...ids, ...generated];
      const shared = sharedLength(known, this.tokens());
      this.#tokens[0] = ids;
      // At least the last token is computed, for its logits.
      this.#cached[0] = Math.min(this.#cached[0] ?? 0, shared, known.length - 1);
    };
    return this.#start(options, () => [ids], take, [generated]);
  }

  #encode(prompt: Prompt, row: number): readonly number[] {
    if (typeof prompt !== "string") return prompt;
    if (prompt === "") throw new TextError("the prompt is empty");
    return this.model.tokenizer.encode(prompt, { addSpecialTokens: this.tokens(row).length === 0 });
  }

  #check(prompts: readonly (readonly number[])[]): void {
    for (const ids of prompts) this.#checkOne(ids);
  }

  #checkOne(ids: readonly number[]): void {
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

  /** `prompts` are all tokens of each row, which `take` stores in the session; see `RunInputs` for `generated`. */
  #start<R extends GenerationResult>(
    options: GenerationOptions,
    prompts: () => readonly (readonly number[])[],
    take: () => void,
    generated: readonly (readonly number[])[] = [],
  ): Generation<R> {
    const { model } = this;
    const check = () => this.#check(prompts().map((ids, row) => [...ids, ...(generated[row] ?? [])]));
    check();
    const { vocabulary } = model.decoder.config;
    const resolved = resolveOptions(options, model.defaults.options, this.#tokens.length, vocabulary);
    if (resolved.speculation) checkSpeculation(model, resolved.speculation);
    if (resolved.beams > 1 && model.decoder.config.state) {
      throw new OptionError(
        `generate: beams is ${resolved.beams}, expected 1 with ${model.name}: its layers carry states, which beams do not share`,
      );
    }
    const { tokenizer, defaults } = model;
    const rest = { tokenizer, eos: resolved.ignoreEos ? [] : defaults.eos, generated, context: this.context };
    const inputs = () => ({ ...rest, tokens: prompts().map((ids) => [...ids]) });
    const begin = () => {
      check(); // again: another generation may have extended them
      const given = inputs();
      take();
      return given;
    };
    return new Generation({
      begin: (stop) => this.#run(begin, resolved, stop),
      unbegun: () => unbegunResult(model, rowsOf(inputs(), resolved), resolved),
      ended: this.#once ? () => this.dispose() : undefined,
      abort: resolved.signal,
      disposed: this.#lifetime.signal,
      gone: model.gpu.gone,
    });
  }

  async *#run(
    begin: () => RunInputs,
    given: ResolvedOptions,
    stop: AbortSignal,
  ): AsyncGenerator<Piece, GenerationResult, void> {
    using _use = this.#lifetime.use();
    if (this.#busy) throw new TextError("this session is generating already; wait for it to end, or open another");
    this.#busy = true;
    const rows: Row[] = [];
    try {
      const { model } = this;
      let options = given;
      let begun: RunInputs | undefined;
      const { lengthPenalty, earlyStopping } = given.given;
      if (given.beams > 1 || given.noRepeatNgram > 0 || lengthPenalty !== undefined || earlyStopping !== undefined) {
        const { checkOnlyWithBeams, searchBeams, withoutRepeats } = await import("../beams/entry.ts");
        checkOnlyWithBeams(given.given, given.beams);
        begun = begin();
        if (given.beams > 1) {
          rows.push(...rowsOf(begun, given));
          return yield* searchBeams(
            { model, inputs: begun, options: given, rows, stop },
            (batch) => openSequences(model, batch, this.#lifetime),
            computed,
            (state, figures) => generationResult(model, state, rows, given, figures),
          );
        }
        options = withoutRepeats(given, begun, model.decoder.config.vocabulary);
      }
      const { state } = this;
      const { compileTime, prefilled } = state;
      const draft = this.#drafting(options);
      using _drafting = draft?.state.use();
      const inputs = { ...(begun ?? begin()), draft };
      const timings: RunTimings = { prefill: 0, decode: 0, encodePerToken: 0, steps: 0 };
      yield* run(state, inputs, options, stop, rows, this.#cached, timings);
      const compile = state.compileTime - compileTime;
      const figures = { ...timings, compile, prefilled: state.prefilled - prefilled };
      return generationResult(model, state, rows, options, figures);
    } catch (error) {
      // From WebGPU itself, unless it is the stop's own.
      throw error instanceof DOMException && !stop.aborted ? await this.model.gpu.explain(error) : error;
    } finally {
      this.#busy = false;
      for (const row of rows) this.#tokens[row.index]?.push(...row.tokens);
    }
  }

  /** The memory of the draft model, if one proposes tokens. */
  #drafting({ speculation }: ResolvedOptions): DraftSequence | undefined {
    if (speculation?.options.kind !== "draft") return undefined;
    const { model } = speculation.options;
    if (this.#draft?.model !== model) {
      this.#draft?.dispose();
      this.#draft = openSequences(model);
    }
    return this.#draft;
  }

  /**
   * Compiles the programs for a prompt of `tokens` tokens and its decoding, so that the first token does not wait for
   * them.
   */
  async warm(tokens: number, options: GenerationOptions = {}): Promise<void> {
    checkValue("warm", "tokens", integer(1, this.model.context), tokens);
    using _use = this.#lifetime.use();
    const { state } = this;
    const { signal } = this.#lifetime;
    const resolved = resolveOptions(options, this.model.defaults.options, this.#tokens.length);
    const kind = samplingKind(resolved);
    await state.warmPrefill(tokens, kind.guard); // first: it may move the cache
    await state.bound("sample", tokens, kind, signal);
    await state.bound("decode", tokens, kind, signal);
    if (!resolved.speculation) return;
    const { warmSpeculation } = await import("../speculative/entry.ts");
    await warmSpeculation(state, resolved.speculation, resolved, this.#drafting(resolved), tokens);
  }

  /** Stops its work and frees its memory as soon as it is unused. */
  dispose(): void {
    this.#lifetime.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
