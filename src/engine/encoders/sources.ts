// Completions by an encoder-decoder: a prompt is a source, and the text is what it writes from that.
import { shown } from "../../options/checks.ts";
import type { SequenceOptions } from "../../seq2seq/options.ts";
import type { SequenceResults } from "../../seq2seq/results.ts";
import type { SequenceEntry } from "../direct/loaded.ts";
import type { Answered, EnginePiece } from "../generate-request.ts";
import { inputsOf, type Prompt } from "../openai/inputs.ts";
import { wrongField } from "../openai/request.ts";
import { checkLength, optionsOf } from "../openai/sampling.ts";
import type { ChatCompletionRequest, CompletionRequest, SamplingRequest } from "../openai/types.ts";
import { onDevice } from "../recovery.ts";
import { RequestError } from "../request-error.ts";
import { inTurn } from "./in-turn.ts";

/** Fields that language models have, with the values that ask for nothing. */
const unsupported: Readonly<Record<string, (value: unknown) => boolean>> = {
  min_p: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  logit_bias: (value) => Object.keys(value as object).length === 0,
  logprobs: (value) => value === false,
  top_logprobs: () => false,
  echo: (value) => value === false,
  response_format: (value) => (value as { readonly type?: unknown }).type === "text",
};

/** The options of a request. What it does not say is as the model's folder says. */
function settingsOf(entry: SequenceEntry, request: SamplingRequest, most: number | null | undefined): SequenceOptions {
  for (const [name, value] of Object.entries(request)) {
    if (!Object.hasOwn(unsupported, name) || unsupported[name]?.(value)) continue;
    const problem = `${name} is ${shown(value)}, which the encoder-decoder ${JSON.stringify(entry.id)} does not have`;
    throw new RequestError(`${problem}; leave it out`, { param: name, code: "unsupported_value" });
  }
  if (most === 0) throw wrongField("max_tokens", most, "at least 1: a source is not repeated");
  const { minP, presencePenalty, frequencyPenalty, ...options } = optionsOf(request);
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  return { ...(most && { maxTokens: most }), ...options, seed };
}

/** What a source may be. */
const roomFor = ({ id, sequence }: SequenceEntry) => ({
  ...{ id: `the encoder of ${id}`, context: sequence.sourceContext, vocabulary: sequence.config.sourceVocabulary },
});

/** The sources of a request for completions, which are computed together once one of them begins. */
export function readSources(
  entry: SequenceEntry,
  request: CompletionRequest,
  signal: AbortSignal | undefined,
): Prompt[] {
  const options = settingsOf(entry, request, request.max_tokens);
  const sources = inputsOf(request.prompt ?? "").map((one) => {
    if (typeof one !== "string") return one;
    if (one.trim() === "") throw new RequestError("prompt is empty", { param: "prompt", code: "invalid_value" });
    return entry.sequence.sourceTokenizer.encode(one);
  });
  for (const source of sources) checkLength(roomFor(entry), source, "prompt");
  return begun(entry, sources, options, signal).map((begin, index) => ({ index, echo: "", begin }));
}

/** The source that a conversation makes. */
export function readSourceOfChat(
  entry: SequenceEntry,
  tokens: readonly number[],
  request: ChatCompletionRequest,
  signal: AbortSignal | undefined,
): Prompt["begin"] {
  const options = settingsOf(entry, request, request.max_completion_tokens ?? request.max_tokens);
  checkLength(roomFor(entry), tokens, "messages");
  const [begin] = begun(entry, [tokens], options, signal);
  return begin as Prompt["begin"];
}

/** What was generated from one source and not taken yet. */
interface Lane {
  readonly pieces: EnginePiece[];
  wake: () => void;
}

/**
 * What is generated from each source. All are computed together, once the first of them is begun; one that is left before
 * its end, or an abort of `signal`, ends all.
 */
function begun(
  entry: SequenceEntry,
  sources: readonly (readonly number[])[],
  options: SequenceOptions,
  signal: AbortSignal | undefined,
): Prompt["begin"][] {
  const left = new AbortController();
  const stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  const lanes = sources.map((): Lane => ({ pieces: [], wake: () => {} }));
  let running: Promise<SequenceResults> | undefined;
  let ended = false;

  async function run(): Promise<SequenceResults> {
    let most = 0;
    try {
      return await onDevice(entry.device, async () => {
        let count = 0; // after the loss of a device the same pieces come again
        const onToken: SequenceOptions["onToken"] = ({ row, token, text }) => {
          if (++count <= most) return;
          most = count;
          lanes[row]?.pieces.push({ token, text });
          lanes[row]?.wake();
        };
        const { sequence, turns } = entry;
        return await inTurn(turns, stop, () => sequence.generate(sources, { ...options, onToken, signal: stop }));
      });
    } finally {
      ended = true;
      for (const { wake } of lanes) wake();
    }
  }

  async function* continued(lane: Lane, index: number): AsyncGenerator<EnginePiece, Answered, undefined> {
    running ??= run();
    running.catch(() => {}); // whoever waits for the result has it
    let done = false;
    try {
      for (;;) {
        const piece = lane.pieces.shift();
        if (piece) yield piece;
        else if (ended) break;
        else {
          await new Promise<void>((resolve) => {
            lane.wake = resolve;
          });
        }
      }
      const result = await running.then(
        ({ results }) => results[index],
        (error: unknown) => {
          if (!stop.aborted) throw error;
          return undefined;
        },
      );
      done = true;
      const { ids: tokens = [], sourceIds: promptTokens = sources[index] ?? [], text = "" } = result ?? {};
      return { promptTokens, cachedTokens: 0, tokens, text, stopReason: result?.stopReason ?? "abort" };
    } finally {
      if (!done) left.abort();
    }
  }

  return lanes.map((lane, index) => () => continued(lane, index));
}
