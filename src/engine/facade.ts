import type { EmbeddedText, EmbedInput, EmbedOptions } from "../encode/embed-texts.ts";
import { Generation } from "../generate/session/generation.ts";
import { callback, checkOptions, checkValue, fieldsOf, having, iterable, text } from "../options/checks.ts";
import {
  attentionFields,
  expertsFields,
  generateFields,
  loadFields,
  modelSource,
  planFields,
  probabilitiesFields,
  tokenizeFields,
  tuneFields,
} from "./checks.ts";
import type { Core, Streams } from "./core.ts";
import type { Engine, EngineLoadOptions } from "./engine.ts";
import type { EngineGeneration, EnginePiece, EngineResult, GenerateRequest } from "./generate-request.ts";
import { callbacks, type EngineEncoder, type EngineEncoderDecoder, type MethodReport, methods } from "./methods.ts";
import type { CallOptions } from "./openai/functions.ts";
import type { AnswerStream } from "./openai/types.ts";

const callFields = fieldsOf<CallOptions>({ signal: having("aborted", "an AbortSignal") });

/** An engine whose answers come from `core`: arguments are checked, and calls become messages. */
export function engineOf(core: Core): Engine {
  return {
    load(from, options: EngineLoadOptions = {}) {
      checkValue("load", "from", modelSource, from);
      checkOptions("load", loadFields, options);
      const { signal, onProgress, ...rest } = options;
      return core.call("load", { from, ...rest }, signal, onProgress);
    },
    plan(from, options = {}) {
      checkValue("plan", "from", modelSource, from);
      checkOptions("plan", planFields, options);
      const { signal, ...rest } = options;
      return core.call("plan", { from, ...rest }, signal);
    },
    unload: (id) => core.call("unload", { id: textOf("unload", "id", id) }),
    loaded: () => core.call("loaded", undefined),
    chat: { completions: { create: creator(core, "chat") as Engine["chat"]["completions"]["create"] } },
    completions: { create: creator(core, "completion") as Engine["completions"]["create"] },
    embeddings: {
      create: (async (request, options = {}) => {
        checkOptions("create", callFields, options);
        return core.call("embeddings", request, options.signal);
      }) as Engine["embeddings"]["create"],
    },
    models: {
      async list() {
        const data = await core.call("models", undefined);
        return {
          object: "list",
          data,
          async *[Symbol.asyncIterator]() {
            yield* data;
          },
        };
      },
      retrieve: (id) => core.call("model", { id: textOf("retrieve", "id", id) ?? "" }),
    },
    generate(request) {
      checkOptions("generate", generateFields, request);
      return generationOf(core, request);
    },
    tokenize(content, options = {}) {
      checkOptions("tokenize", tokenizeFields, options);
      return core.call("tokenize", { content, ...options });
    },
    attention(request) {
      checkOptions("attention", attentionFields, request);
      const { signal, ...rest } = request;
      return core.call("attention", rest, signal);
    },
    experts(request) {
      checkOptions("experts", expertsFields, request);
      const { signal, ...rest } = request;
      return core.call("experts", rest, signal);
    },
    probabilities(request) {
      checkOptions("probabilities", probabilitiesFields, request);
      const { signal, ...rest } = request;
      return core.call("probabilities", rest, signal);
    },
    encoder: (model) => encoderOf(core, textOf("encoder", "model", model)),
    encoderDecoder: (model) => encoderDecoderOf(core, textOf("encoderDecoder", "model", model)),
    tune(options = {}) {
      checkOptions("tune", tuneFields, options);
      const { signal, onProgress, ...rest } = options;
      return core.call("tune", rest, signal, onProgress);
    },
    storage: {
      list: () => core.call("stored", undefined),
      delete: (id) => core.call("deleteStored", { id: textOf("delete", "id", id) ?? "" }),
      deleteAll: () => core.call("deleteAllStored", undefined),
      estimate: () => core.call("storageEstimate", undefined),
      persist: () => core.call("persistStorage", undefined),
    },
    device: () => core.call("device", undefined),
    onEvent(listener) {
      checkValue("onEvent", "listener", callback, listener);
      return core.listen(listener);
    },
    dispose: () => core.dispose(),
  };
}

function textOf(where: string, name: string, value: string | undefined): string | undefined {
  if (value !== undefined) checkValue(where, name, text, value);
  return value;
}

/** `create` of chat or plain completions. */
function creator<M extends "chat" | "completion">(core: Core, method: M) {
  return async (request: Streams[M][0], options: CallOptions = {}) => {
    checkOptions("create", callFields, options);
    if (request?.stream !== true) return core.call(method, request as never, options.signal);
    const controller = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, controller.signal]) : controller.signal;
    return answerStream(core.stream(method, request, signal), controller);
  };
}

/** Resolves with the first part, so that a refused request fails before the stream exists. */
async function answerStream<T>(
  parts: AsyncGenerator<T, undefined, undefined>,
  controller: AbortController,
): Promise<AnswerStream<T>> {
  const first = await parts.next();
  async function* all() {
    let ended = false;
    try {
      let step = first;
      for (; !step.done; step = await parts.next()) yield step.value;
      ended = true;
    } finally {
      if (!ended) {
        controller.abort();
        await parts.return(undefined);
      }
    }
  }
  return Object.assign(all(), { controller });
}

/** Only its own stream, which may be on another thread, ends a generation of an engine. */
const never = new AbortController().signal;

function generationOf(core: Core, { signal, ...request }: GenerateRequest): EngineGeneration {
  const halt = new AbortController();
  const ends = signal ? [signal, halt.signal] : [halt.signal];
  const generation = new Generation<EngineResult, EnginePiece>({
    begin: (left) => core.stream("generate", request, AbortSignal.any([left, ...ends])),
    unbegun: () => unbegun(request),
    disposed: never,
    gone: never,
  });
  return {
    get result() {
      return generation.result;
    },
    stop: () => halt.abort(),
    [Symbol.asyncIterator]: () => generation[Symbol.asyncIterator](),
  };
}

/** The result of a generation that was left before it began: no model has seen it. */
function unbegun({ model = "", tokens = [], seed = 0 }: GenerateRequest): EngineResult {
  const timings = {
    compile: 0,
    prefill: 0,
    decode: 0,
    tokensPerSecond: 0,
    prefillTokensPerSecond: 0,
    encodePerToken: 0,
  };
  return {
    model,
    promptTokens: tokens,
    cachedTokens: 0,
    tokens: [],
    text: "",
    stopReason: "abort",
    seed,
    timings,
    memory: { weights: 0, cache: 0, cachePeak: 0, temporaries: 0 },
    dispatchesPerToken: 0,
  };
}

// Loaded encoders and encoder-decoders, as the users of an engine see them.

/** The methods of a model of this kind, answered by `core`. */
function client(core: Core, kind: keyof typeof methods, model: string | undefined): object {
  const call = ([name, count]: [string, number]) => {
    const run = async (...all: readonly unknown[]) => {
      const last = all[count];
      const { [callbacks[kind]]: listener, signal, ...rest } = Object(last);
      if (signal !== undefined) checkValue(name, "signal", having("aborted", "an AbortSignal"), signal);
      if (listener !== undefined) checkValue(name, callbacks[kind], callback, listener);
      // After a device loss, earlier reports are repeated.
      let reported = -1;
      const report = ([before, ...values]: MethodReport) => {
        if (before > reported) listener(...values);
        reported = Math.max(before, reported);
      };
      const options = last instanceof Object ? rest : last;
      const given = all.slice(0, count);
      return await core.call(kind, { model, method: name, given, options, reports: !!listener }, signal, report);
    };
    return [name, run] as const;
  };
  return Object.fromEntries(Object.entries<number>(methods[kind]).map(call));
}

/** Texts sent together. */
const together = 64;

/** An encoder in `core`. */
function encoderOf(core: Core, model: string | undefined): EngineEncoder {
  const own = client(core, "encoder", model) as Omit<EngineEncoder, "embedStream">;
  async function* vectors(texts: Iterable<EmbedInput> | AsyncIterable<EmbedInput>, options: EmbedOptions) {
    for await (const batch of batches(texts)) {
      const { embeddings, tokens } = await own.embed(batch, options);
      for (const [i, embedding] of embeddings.entries()) {
        yield { embedding, tokens: tokens[i] ?? 0 } satisfies EmbeddedText;
      }
    }
  }
  return {
    ...own,
    embedStream(texts, options = {}) {
      checkValue("embedStream", "texts", iterable("texts"), texts);
      return vectors(texts, options);
    },
  };
}

/** An encoder-decoder in `core`. */
const encoderDecoderOf = (core: Core, model: string | undefined): EngineEncoderDecoder =>
  client(core, "encoderDecoder", model) as EngineEncoderDecoder;

async function* batches<T>(all: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T[], void, undefined> {
  let batch: T[] = [];
  for await (const one of all) {
    batch.push(one);
    if (batch.length < together) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
