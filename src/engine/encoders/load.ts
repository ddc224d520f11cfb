import type { Encoder } from "../../encode/encoder.ts";
import type { FileSource } from "../../formats/source.ts";
import { OptionError } from "../../options/errors.ts";
import type { EncoderDecoder } from "../../seq2seq/encoder-decoder.ts";
import type { DecoderOptions, EncoderSupport, OtherKind } from "../direct/encoders.ts";
import { numbersOf, type OtherInfo } from "../direct/loaded.ts";
import { createTurns } from "../direct/turns.ts";

/** Throws `OptionError` for options not available for a kind of model. */
function refuseOptions(
  where: string,
  { name }: FileSource,
  kind: OtherKind,
  { context, cache, weights, speculative, chatTemplate }: DecoderOptions,
): void {
  const own = { context, cache, weights, speculative, ...(kind === "encoder" ? { chatTemplate } : {}) };
  const wrong = Object.entries(own).find(([, value]) => value !== undefined);
  if (!wrong) return;
  throw new OptionError(`${where}: ${wrong[0]} is for language models, and ${name} is an ${kind}; leave it out`);
}

/** The functions that load and plan the models of each kind, loaded on first use. */
const functions = {
  encoder: async () => {
    const [{ loadEncoder: load }, { planEncoder: plan }] = await Promise.all([
      import("../../encode/load-encoder.ts"),
      import("../../encode/plan-encoder.ts"),
    ]);
    return { load, plan };
  },
  "encoder-decoder": async () => {
    const [{ loadEncoderDecoder: load }, { planEncoderDecoder: plan }] = await Promise.all([
      import("../../seq2seq/load-encoder-decoder.ts"),
      import("../../seq2seq/plan-encoder-decoder.ts"),
    ]);
    return { load, plan };
  },
};

export const planOfEncoder: EncoderSupport["plan"] = async (source, kind, options) => {
  const { dtype, limits, signal } = options;
  refuseOptions("plan", source, kind, options);
  return await (await functions[kind]()).plan(source, { dtype, limits, signal });
};

export const loadedEncoder: EncoderSupport["load"] = async (gpu, source, kind, request, report, given) => {
  const { signal, onWarning, limits } = given;
  const { dtype, verify, chatTemplate } = request;
  refuseOptions("load", source, kind, request);
  const options = { dtype, verify, onProgress: report, onWarning, signal, ...(chatTemplate && { chatTemplate }) };
  const model = await (await functions[kind]()).load(gpu, source, options);
  try {
    report({ phase: "warm-up", done: 0, total: 1 });
    if ("sourceTokenizer" in model) await model.generate("a", { maxTokens: 1, signal });
    else if (model.embedding.sparse) await model.sparse(["a"], { signal });
    else await model.embed(["a"], { signal });
    report({ phase: "warm-up", done: 1, total: 1 });
    return "sourceTokenizer" in model
      ? { sequence: model, turns: createTurns(limits), info: infoOfSequence(model) }
      : { encoder: model, info: infoOfEncoder(model) };
  } catch (error) {
    model.dispose();
    throw error;
  }
};

/** The public description of a loaded encoder. */
function infoOfEncoder(encoder: Encoder): OtherInfo {
  const { name, context, config, embedding, heads: encoderHeads, labels, bytes: weightBytes, stored } = encoder;
  const { architecture, vocabulary, layers, heads, context: longestContext } = config;
  return {
    kind: "encoder",
    name,
    architecture,
    context,
    longestContext,
    vocabulary,
    layers,
    heads,
    weightBytes,
    embedding,
    encoderHeads,
    labels,
    chat: false,
    defaults: {},
    ...stored,
  };
}

/** The public description of a loaded encoder-decoder. */
function infoOfSequence(model: EncoderDecoder): OtherInfo {
  const { name, context, sourceContext, config, defaults, chatTemplate, bytes: weightBytes, stored } = model;
  const { architecture, vocabulary, layers, decoder } = config;
  const { heads, context: longestContext = context } = decoder;
  return {
    kind: "encoder-decoder",
    name,
    architecture,
    context,
    longestContext,
    vocabulary,
    layers,
    heads,
    weightBytes,
    sourceContext,
    chat: chatTemplate !== undefined,
    defaults: numbersOf(defaults.options),
    ...stored,
  };
}
