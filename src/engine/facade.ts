import { Generation } from "../generate/generation.ts";
import { callback, checkOptions, checkValue, fieldsOf, having, text } from "../options/checks.ts";
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
import { encoderDecoderOf, encoderOf } from "./method-clients.ts";
import type { CallOptions } from "./openai/functions.ts";
import type { AnswerStream } from "./openai/types.ts";

const callFields = fieldsOf<CallOptions>({ signal: having("aborted", "an AbortSignal") });

/** An engine whose answers come from `core`: what it is called with is checked, and calls become messages. */
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

/** Resolves with the first part, so that a request that is refused fails before there is a stream. */
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

/** Nothing ends a generation of an engine from here but its own stream, which may be on another thread. */
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
