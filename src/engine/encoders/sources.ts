// Completions by an encoder-decoder: a prompt is a source, and the completion is its target.
import { shown } from "../../options/checks.ts";
import type { SequenceOptions } from "../../seq2seq/options.ts";
import { onDevice } from "../device-recovery.ts";
import type { SequenceEntry } from "../direct/loaded.ts";
import { inputsOf, type Prompt } from "../openai/inputs.ts";
import { together, withoutRepeats } from "../openai/lanes.ts";
import { wrongField } from "../openai/request-fields.ts";
import { checkLength, optionsOf, tokensOf } from "../openai/sampling.ts";
import type { ChatCompletionRequest, CompletionRequest, SamplingRequest } from "../openai/types.ts";
import { RequestError } from "../request-error.ts";
import { inTurn } from "./methods.ts";

/** Fields only for language models, with their neutral values. */
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

/** The options of a request. Unset ones are as in the model's folder. */
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

/** The tokenizer and limit of sources. */
const roomFor = ({ id, sequence }: SequenceEntry) => ({
  id: `the encoder of ${id}`,
  context: sequence.sourceContext,
  vocabulary: sequence.config.sourceVocabulary,
});

/** The sources of a completions request, computed together once one of them begins. */
export async function readSources(
  entry: SequenceEntry,
  request: CompletionRequest,
  signal: AbortSignal | undefined,
): Promise<Prompt[]> {
  const options = settingsOf(entry, request, request.max_tokens);
  const inputs = inputsOf(request.prompt ?? "");
  for (const one of inputs) {
    if (typeof one !== "string" || one.trim() !== "") continue;
    throw new RequestError("prompt is empty", { param: "prompt", code: "invalid_value" });
  }
  const room = roomFor(entry);
  const sources = await tokensOf(entry.sequence.sourceTokenizer, room, inputs, "prompt", signal);
  for (const source of sources) checkLength(room, source, "prompt");
  return begun(entry, sources, options, signal).map((begin, index) => ({ index, echo: "", begin }));
}

/** The source for a conversation. */
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

/** The generated text of each source, computed together. */
function begun(
  entry: SequenceEntry,
  sources: readonly (readonly number[])[],
  options: SequenceOptions,
  signal: AbortSignal | undefined,
): Prompt["begin"][] {
  return together(sources, signal, async (put, stop) => {
    const again = withoutRepeats(put);
    const { results } = await onDevice(entry.device, async () => {
      const give = again();
      const onToken: SequenceOptions["onToken"] = ({ row, token, text }) => give(row, { token, text });
      const { sequence, turns } = entry;
      return await inTurn(turns, stop, () => sequence.generate(sources, { ...options, onToken, signal: stop }));
    });
    return results.map(({ ids: tokens, sourceIds: promptTokens, text, stopReason }) => ({
      promptTokens,
      cachedTokens: 0,
      tokens,
      text,
      stopReason,
    }));
  });
}
