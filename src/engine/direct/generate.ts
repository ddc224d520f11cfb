import type { Generation } from "../../generate/session/generation.ts";
import type { Piece } from "../../generate/session/row.ts";
import { GpuError } from "../../gpu/errors.ts";
import { OptionError } from "../../options/errors.ts";
import type { ChatMessage } from "../../text/template/chat-template.ts";
import { TextError } from "../../text/text-error.ts";
import { overLosses } from "../device-recovery.ts";
import type { EnginePiece, EngineResult, GenerateRequest } from "../generate-request.ts";
import type { Grammar } from "../grammar/response-format.ts";
import { type ChatEntry, isDecoder, type LoadedEntry } from "./loaded.ts";
import { proposing, type RunOptions } from "./proposing.ts";
import { createTurns } from "./turns.ts";

/** The tokens of a conversation in the model's chat format; undefined if there are more than `most`. */
export function tokensOfChat(
  entry: ChatEntry,
  messages: readonly ChatMessage[],
  most: number,
  signal: AbortSignal | undefined,
): Promise<number[] | undefined> {
  const { name, chatTemplate } = isDecoder(entry) ? entry.model : entry.sequence;
  if (!chatTemplate) {
    throw new TextError(`${name} has no chat template; give it a prompt to continue, or a template at load`);
  }
  const tokenizer = isDecoder(entry) ? entry.model.tokenizer : entry.sequence.sourceTokenizer;
  return tokenizer.encodeAtMost(chatTemplate.render(messages), most, { addSpecialTokens: false, signal });
}

/** The initial tokens of an `Engine.generate` request. */
export async function promptOf(
  entry: LoadedEntry,
  { prompt, tokens, messages }: GenerateRequest,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const given = [prompt, tokens, messages].filter((one) => one !== undefined).length;
  if (given !== 1) throw new OptionError(`generate: ${given} of prompt, tokens and messages are given, expected one`);
  if (tokens) return tokens;
  const { context, tokenizer } = entry.model;
  const found = messages
    ? await tokensOfChat(entry, messages, context, signal)
    : await tokenizer.encodeAtMost(prompt ?? "", context, { signal });
  if (found) return found;
  throw new TextError(`the ${messages ? "conversation" : "prompt"} has more tokens than the context of ${context}`);
}

/** Maximum concurrent texts with grammars, each with its own memory; others wait. */
const grammarTurns = createTurns({ concurrency: 8, queue: Number.POSITIVE_INFINITY });

/** The grammar of a `response_format`, whose reader is loaded on first use; undefined if any text is allowed. */
export async function readGrammar(format: unknown): Promise<Grammar | undefined> {
  if (format === undefined || format === null) return undefined;
  return (await import("../grammar/response-format.ts")).readFormat(format);
}

/** Continues these tokens, following a grammar if there is one. */
export async function* continued(
  entry: LoadedEntry,
  tokens: readonly number[],
  options: RunOptions,
  grammar?: Grammar,
): AsyncGenerator<EnginePiece, EngineResult, undefined> {
  // After a device loss the same seed is used.
  const seeded = { ...options, seed: options.seed ?? Math.floor(Math.random() * 2 ** 32) };
  return yield* overLosses(entry.device, (generated) => constrained(entry, tokens, seeded, generated, grammar));
}

/** As `begun`, restricted to texts that `grammar` accepts. */
async function* constrained(
  entry: LoadedEntry,
  tokens: readonly number[],
  options: RunOptions,
  generated: readonly number[],
  grammar: Grammar | undefined,
): AsyncGenerator<EnginePiece, EngineResult, undefined> {
  if (!grammar) return yield* begun(entry, tokens, options, generated);
  const { openConstraint } = await import("../grammar/constraint.ts");
  const open = await openConstraint(entry.model, grammar, options.signal, grammarTurns);
  if (!open) return yield* begun(entry, tokens, options, generated); // it was aborted
  const { constraint, dispose } = open;
  try {
    for (const token of generated) constraint.accept(token);
    return yield* begun(entry, tokens, { ...options, constraint }, generated);
  } finally {
    dispose();
  }
}

/** Continues after the tokens generated on a lost device. */
async function* begun(
  entry: LoadedEntry,
  tokens: readonly number[],
  given: RunOptions,
  generated: readonly number[],
): AsyncGenerator<EnginePiece, EngineResult, undefined> {
  const { model, sessions } = entry;
  const options = { ...given, speculative: proposing(entry, given.speculative) };
  // Throws errors of the request before it waits, and returns the result of one that does not begin.
  const unbegun = model.session().continueFrom(tokens, options, generated);
  const session = await sessions.take(tokens, options.signal);
  if (!session) return await resultOf(entry, unbegun);
  const before = session.prefilledTokens;
  let spoilt = false;
  try {
    const generation = session.continueFrom(tokens, options, generated);
    for await (const piece of generation) yield pieceOf(entry, piece);
    const result = await resultOf(entry, generation);
    return { ...result, cachedTokens: Math.max(0, tokens.length - (session.prefilledTokens - before)) };
  } catch (error) {
    spoilt = error instanceof GpuError;
    throw error;
  } finally {
    sessions.give(session, spoilt);
  }
}

/** A piece with the text of its token. */
export function pieceOf({ model }: LoadedEntry, { row: _row, token, ...rest }: Piece): EnginePiece {
  if (token === undefined) return rest;
  return { token, tokenText: model.tokenizer.decode([token], { skipSpecialTokens: false }), ...rest };
}

async function resultOf({ id }: LoadedEntry, generation: Generation): Promise<EngineResult> {
  const { rows, seeds, timings, memory, dispatchesPerToken, speculative } = await generation.result;
  const [{ promptTokens, tokens, text, stopReason, score } = missing] = rows;
  const seed = seeds[0] ?? 0;
  return {
    model: id,
    promptTokens,
    cachedTokens: 0,
    tokens,
    text,
    stopReason,
    seed,
    timings,
    memory,
    dispatchesPerToken,
    ...(score === undefined ? {} : { score }),
    ...(speculative ? { speculative } : {}),
  };
}

const missing = { promptTokens: [], tokens: [], text: "", stopReason: "abort", score: undefined } as const;
