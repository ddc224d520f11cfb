import type { Encoder } from "../../encode/encoder.ts";
import type { EncoderDecoder } from "../../seq2seq/encoder-decoder.ts";
import { numbersOf, type OtherInfo } from "../direct/loaded.ts";

/** What others may know of a loaded encoder. */
export function infoOfEncoder(encoder: Encoder): OtherInfo {
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

/** What others may know of a loaded encoder-decoder. */
export function infoOfSequence(model: EncoderDecoder): OtherInfo {
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
