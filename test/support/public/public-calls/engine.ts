// Calls of the methods of an engine that check what they are given by themselves, before it becomes a message.
import type { Engine, EngineEncoder, EngineEncoderDecoder } from "../../../../src/index.ts";
import type { PublicCalls } from "./calls.ts";

/** Methods whose arguments are checked with those of the model, once it is known: see test/engine/refusals.ts. */
export const checkedByModel: ReadonlySet<string> = new Set([
  "Engine.generate",
  "Engine.load",
  "Engine.plan",
  "Engine.probabilities",
  "Engine.tokenize",
]);

/** Calls of the methods of encoders and encoder-decoders in an engine, which have these ids. */
export function methodCalls(engine: Engine, ids: { readonly encoder: string; readonly both: string }) {
  const encoder = engine.encoder(ids.encoder);
  const both = engine.encoderDecoder(ids.both);
  const of = (name: keyof EngineEncoder, ...calls: PublicCalls["calls"]): readonly [string, PublicCalls] => [
    `EngineEncoder.${name}`,
    { of: encoder[name], on: encoder, calls, runs: true },
  ];
  const ofBoth = (name: keyof EngineEncoderDecoder, ...calls: PublicCalls["calls"]): readonly [string, PublicCalls] => [
    `EngineEncoderDecoder.${name}`,
    { of: both[name], on: both, calls, runs: true },
  ];
  // A stream checks its options with the first of its texts.
  const first = (...given: Parameters<EngineEncoder["embedStream"]>) => encoder.embedStream(...given).next();
  return Object.fromEntries([
    ["EngineEncoder.embedStream", { of: first, calls: [[["a"], { maxTokens: 5 }]], runs: true }],
    of("embed", [["a"], { maxTokens: 5 }]),
    of("fillMask", ["[MASK]", { top: 1 }]),
    of("classify", ["a", { pair: "b" }], ["a", { labels: ["b"], template: "{}", multiLabel: true }]),
    of("scores", [["a"], { maxTokens: 5 }]),
    of("answer", ["a", "b", { maxTokens: 2, nullAnswer: true }]),
    of("nextSentence", ["a", "b", {}]),
    of("sparse", [["a"], {}]),
    of("hidden", ["a", {}]),
    ofBoth(
      "generate",
      ["a", { maxTokens: 1, temperature: 1, topK: 1, topP: 0.5, repetitionPenalty: 2, noRepeatNgram: 2, seed: 1 }],
      [["a", "b"], { maxTokens: 1, seed: [1, 2], stop: ["a"] }],
      ["a", { maxTokens: 1, beams: 2, lengthPenalty: 1, earlyStopping: true }],
      ["a", { maxTokens: 1, attention: { layer: 0, head: 0, perHead: true } }],
    ),
    ofBoth("hidden", ["a", { target: [1] }]),
    ofBoth("crossAttention", ["a", [1], { layer: 0, head: 0, perHead: true }]),
  ]);
}

/** The calls by the names of methods. */
export function engineCalls(engine: Engine): Readonly<Record<string, PublicCalls>> {
  const of = (method: keyof Engine, ...calls: PublicCalls["calls"]): PublicCalls => ({
    of: engine[method],
    on: engine,
    calls,
    runs: true,
  });
  return {
    "Engine.unload": of("unload", ["none"]),
    "Engine.attention": of("attention", [{ tokens: [1, 2], position: 1 }]),
    "Engine.experts": of("experts", [{ tokens: [1, 2] }]),
    "Engine.encoder": of("encoder", ["none"]),
    "Engine.encoderDecoder": of("encoderDecoder", ["none"]),
    "Engine.tune": of("tune", [{ model: "none", budget: 1000, store: false }]),
    "Engine.onEvent": of("onEvent", [() => undefined]),
  };
}
