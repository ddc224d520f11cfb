import type { TuneResult } from "../../generate/tuning/options.ts";
import { checkOptions } from "../../options/checks.ts";
import { tuneFields } from "../checks.ts";
import type { Calls, Core, Reporter, Streams } from "../core.ts";
import { onDevice } from "../device-recovery.ts";
import type { EngineOptions } from "../engine.ts";
import { answerChat, streamChat } from "../openai/chat.ts";
import { answerCompletion, streamCompletion } from "../openai/completion.ts";
import { answerEmbeddings } from "../openai/embeddings.ts";
import { answerModel, answerModels } from "../openai/models.ts";
import { checkMethod } from "../request-error.ts";
import { encoderSupport } from "./encoders.ts";
import { continued, promptOf, readGrammar, tokensOfChat } from "./generate.ts";
import {
  type AnyEntry,
  answersChat,
  anyEntryOf,
  type ChatEntry,
  entryFor,
  entryOf,
  infoOf,
  isDecoder,
  isEncoder,
} from "./loaded.ts";
import { progressReport } from "./progress.ts";
import { type EngineState, load, openState, plan, unload } from "./state.ts";
import { alone } from "./turns.ts";

type Answer<M extends keyof Calls> = (
  state: EngineState,
  argument: Calls[M][0],
  signal: AbortSignal | undefined,
  report: Reporter<M> | undefined,
) => Calls[M][1] | Promise<Calls[M][1]>;

const calls: { readonly [M in keyof Calls]: Answer<M> } = {
  load: async (state, request, signal, report) => infoOf(await load(state, request, signal, progressReport(report))),
  plan,
  unload: (state, { id }) => void unload(state, id),
  loaded: ({ models }) => [...models.values()].flatMap((entry) => (entry ? [infoOf(entry)] : [])),
  chat: answerChat,
  completion: answerCompletion,
  embeddings: answerEmbeddings,
  models: answerModels,
  model: answerModel,
  tokenize,
  attention({ models }, { model: id, tokens, ...options }, signal) {
    const { model } = entryOf(models, id);
    return alone(model, signal, () => model.attentionWeights(tokens, { ...options, signal }));
  },
  experts({ models }, { model: id, tokens }, signal) {
    const { model } = entryOf(models, id);
    return alone(model, signal, () => model.expertChoices(tokens, signal ? { signal } : {}));
  },
  probabilities({ models }, { model: id, tokens, of, ...options }, signal) {
    const { model } = entryOf(models, id);
    return alone(model, signal, () => model.nextTokenProbabilities(tokens, of, { ...options, signal }));
  },
  tune,
  encoder: async ({ models }, ...given) => (await encoderSupport("encoder")).callEncoder(models, ...given),
  encoderDecoder: async ({ models }, ...given) =>
    (await encoderSupport("encoderDecoder")).callSequence(models, ...given),
  stored: ({ storage }) => storage.list(),
  deleteStored: async ({ storage }, { id }) => void (await storage.delete(id)),
  deleteAllStored: async ({ storage }) => void (await storage.deleteAll()),
  storageEstimate: ({ storage }) => storage.estimate(),
  persistStorage: ({ storage }) => storage.persist(),
  device: async ({ device }) => {
    const { adapter, features, limits } = await device.ready();
    return { info: adapter, features: [...features].sort(), limits };
  },
};

/** Calls without side effects, restarted if the device is lost. */
const repeated: ReadonlySet<keyof Calls> = new Set<keyof Calls>([
  ...(["embeddings", "attention", "experts", "probabilities", "encoder", "encoderDecoder"] as const),
]);

type Parts<M extends keyof Streams> = (
  state: EngineState,
  argument: Streams[M][0],
  signal: AbortSignal | undefined,
) => AsyncGenerator<Streams[M][1], Streams[M][2], undefined>;

const streams: { readonly [M in keyof Streams]: Parts<M> } = {
  async *generate({ models }, request, signal) {
    const entry = entryOf(models, request.model);
    const {
      model: _model,
      prompt: _prompt,
      tokens: _tokens,
      messages: _messages,
      responseFormat: _format,
      ...options
    } = request;
    const grammar = await readGrammar(request.responseFormat);
    return yield* continued(entry, await promptOf(entry, request, signal), { ...options, signal }, grammar);
  },
  chat: streamChat,
  completion: streamCompletion,
};

/** Computes an engine's answers in this thread. Throws `GpuError` without WebGPU. */
export async function openCore(options: EngineOptions): Promise<Core> {
  const state = await openState(options);
  return {
    async call(method, argument, signal, report) {
      signal?.throwIfAborted();
      checkMethod(calls, method);
      const run = async () => await calls[method](state, argument, signal ?? undefined, report);
      return repeated.has(method) ? await onDevice(state.device, run) : await run();
    },
    stream(method, argument, signal) {
      checkMethod(streams, method);
      return streams[method](state, argument, signal ?? undefined);
    },
    listen(listener) {
      state.listeners.add(listener);
      return () => void state.listeners.delete(listener);
    },
    async dispose() {
      unload(state, undefined);
      state.device.close();
    },
  };
}

/** Measures kernels on the engine's device, one pass at a time. */
async function tune(
  { device, models }: EngineState,
  request: Calls["tune"][0],
  signal: AbortSignal | undefined,
  onProgress: Reporter<"tune"> | undefined,
): Promise<TuneResult> {
  checkOptions("tune", tuneFields, request); // not yet checked if it came as a message
  const { model: id, budget, store } = request;
  const gpu = await device.ready();
  const none = id === undefined && [...models.values()].every((entry) => entry === undefined);
  const model = none ? undefined : entryOf(models, id).model;
  const { tuneDevice } = await import("../../generate/tuning/entry.ts");
  const pass = () => tuneDevice(gpu, { model, budget, store, signal, onProgress });
  return await alone(gpu, signal, () => (model ? alone(model, signal, pass) : pass()));
}

/** The tokenizer of a model; for an encoder-decoder that of sources. */
const tokenizerOf = (entry: AnyEntry) =>
  isDecoder(entry)
    ? entry.model.tokenizer
    : isEncoder(entry)
      ? entry.encoder.tokenizer
      : entry.sequence.sourceTokenizer;

/** A text with the special tokens that the model adds, or a conversation in its chat format, as tokens. */
async function tokenize(
  { models }: EngineState,
  { content, model: id }: Calls["tokenize"][0],
  signal: AbortSignal | undefined,
): Promise<Calls["tokenize"][1]> {
  const isText = typeof content === "string";
  const entry = isText ? anyEntryOf(models, id) : entryFor(models, id, answersChat);
  const tokenizer = tokenizerOf(entry);
  const all = Number.POSITIVE_INFINITY;
  const tokens = isText
    ? await tokenizer.encodeAtMost(content, all, { signal })
    : await tokensOfChat(entry as ChatEntry, content, all, signal);
  return {
    tokens: tokens ?? [],
    texts: (tokens ?? []).map((token) => tokenizer.decode([token], { skipSpecialTokens: false })),
  };
}
