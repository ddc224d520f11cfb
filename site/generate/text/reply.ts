import { type Signal, signal } from "@preact/signals";
import type { EngineGeneration, EngineResult, GenerateRequest } from "../../../src/engine/generate-request.ts";
import { promptTokens, type ShownToken, withPiece } from "../../shell/tokens/tokens.ts";
import type { Stats } from "../strips/stats-line.tsx";
import { engineNow } from "../worker/client.ts";
import { afterPaint } from "./after-paint.ts";

/** A text that the model writes, or has written. */
export interface Reply {
  readonly state: "generating" | "done" | "stopped" | "failed";
  /** The prompt as it was written. */
  readonly asked: string;
  readonly text: string;
  /** The prompt's tokens, once they are known, and those of the text. */
  readonly given: readonly ShownToken[];
  readonly tokens: readonly ShownToken[];
  readonly stats: Stats;
  /** The engine's result; undefined if it failed. */
  readonly result?: EngineResult;
  readonly error?: unknown;
  /** The request, for reports and repetition. */
  readonly request: GenerateRequest;
}

/** A reply being written. */
export interface Writing {
  readonly reply: Signal<Reply>;
  /** Ends it, visibly at once; the text so far stays. */
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

/** The text before, which the model continues. */
export interface Kept {
  readonly asked: string;
  /** Tokens of the prompt. */
  readonly given: readonly ShownToken[];
  /** Tokens and characters of the text so far. */
  readonly tokens: readonly ShownToken[];
  readonly text: string;
}

const nothing: Kept = { asked: "", given: [], tokens: [], text: "" };

/** Generates: the reply is painted at most once per frame, regardless of the model's speed. */
export function write(request: GenerateRequest, kept: Kept = nothing): Writing {
  let [text, tokens, stopped] = [kept.text, [...kept.tokens] as ShownToken[], false];
  let stats: Stats = { promptTokens: 0, tokens: 0 };
  let given = kept.given;
  let generation: EngineGeneration | undefined;
  const reply = signal<Reply>({
    state: "generating",
    asked: request.prompt ?? kept.asked,
    text,
    given,
    tokens,
    stats,
    request,
  });
  const show = afterPaint(() => {
    if (reply.value.state === "generating") reply.value = { ...reply.value, text, given, tokens, stats };
  });

  const finish = (change: Partial<Reply>) => {
    show.cancel();
    reply.value = { ...reply.value, text, given, tokens, stats, ...change };
  };

  const begin = performance.now();
  async function run(): Promise<void> {
    const engine = await engineNow();
    if (stopped) return;
    generation = engine.generate(request);
    let first = 0;
    const added: ShownToken[] = [];
    for await (const piece of generation) {
      if (stopped) continue; // late pieces
      const now = performance.now();
      first ||= now;
      text += piece.text;
      const before = tokens.length;
      tokens = withPiece(tokens, piece);
      if (tokens.length > before) added.push(tokens[before] as ShownToken);
      const seconds = (now - first) / 1000;
      stats = {
        ...stats,
        firstToken: first - begin,
        tokens: added.length,
        ...(seconds > 0.2 ? { tokensPerSecond: (added.length - 1) / seconds } : {}),
      };
      show();
    }
    const result = await generation.result;
    const { timings, stopReason, promptTokens: prompt, cachedTokens, speculative } = result;
    stats = {
      ...stats,
      promptTokens: prompt.length,
      cachedTokens,
      ...(timings.prefillTokensPerSecond > 0 ? { prefillTokensPerSecond: timings.prefillTokensPerSecond } : {}),
      ...(timings.tokensPerSecond > 0 ? { tokensPerSecond: timings.tokensPerSecond } : {}),
      ...(stopped ? {} : { tokens: result.tokens.length }),
      ...(speculative ? { speculative } : {}),
      stopReason,
    };
    if (stopped) reply.value = { ...reply.value, stats: { ...stats, tokens: reply.value.stats.tokens }, result };
    else finish({ state: stopReason === "abort" ? "stopped" : "done", result });
  }

  /** The prompt's tokens, which arrive while the first token is computed. */
  async function readPrompt(): Promise<void> {
    const engine = await engineNow();
    const content = request.prompt ?? request.messages;
    if (content === undefined) return;
    const tokenized = await engine.tokenize(content);
    given = promptTokens(tokenized, request.prompt ?? "");
    stats = { ...stats, promptTokens: tokenized.tokens.length };
    if (reply.value.state === "generating") show();
    else reply.value = { ...reply.value, given };
  }

  const ended = Promise.all([run(), readPrompt().catch(() => undefined)]).then(
    () => undefined,
    (error: unknown) => {
      if (!stopped) finish({ state: "failed", error });
    },
  );
  const stop = () => {
    if (stopped || reply.value.state !== "generating") return;
    stopped = true;
    finish({ state: "stopped", stats: { ...stats, stopReason: "abort" } });
    generation?.stop();
  };
  return { reply, stop, ended };
}
