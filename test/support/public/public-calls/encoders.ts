// Calls of `shaderformer/encoders`.
import * as encoders from "../../../../src/encoders.ts";
import { type Gpu, sequenceOffsets, type Tensor } from "../../../../src/index.ts";
import { weightDropout } from "../../../../src/train/index.ts";
import { made, type PublicCalls } from "./calls.ts";

/** Calls of encoders' functions and of an encoder's methods, by name. */
export function encoderCalls(
  gpu: Gpu,
  encoder: encoders.Encoder,
  both: encoders.EncoderDecoder,
): Readonly<Record<string, PublicCalls>> {
  const { zeros, call } = made(gpu);
  const [v4, x] = [zeros([4]), zeros([1, 1, 4])];
  const linear = { weight: zeros([4, 4]), bias: v4 };
  const qkv = { weight: zeros([12, 4]), bias: zeros([12]) };
  const gateUp = { weight: zeros([8, 4]), bias: zeros([8]) };
  const norms = [
    { kind: "rms", weight: v4, eps: 1e-5 },
    { kind: "layer", weight: v4, bias: v4, eps: 1e-5 },
  ];
  const offsets = sequenceOffsets(gpu, [1]);
  const ragged = { kind: "ragged", queryOffsets: offsets, keyOffsets: offsets };
  const masks = ["full", { kind: "local", left: 1, right: 1 }, { kind: "key-padding", ranges: zeros([1, 2], "u32") }];
  const scores = ["none", { kind: "signed-relative-bias", table: zeros([2, 3]) }, "none"];
  const rotation = { table: zeros([4, 1, 2]), positions: zeros([1, 1], "u32"), layout: "halves" };
  const drops = weightDropout({ key: zeros([2], "u32") }, { rate: 0.1, site: 0 });
  const training = { dropout: (x: Tensor) => x, weightDropout: () => drops };
  const blocks = norms.flatMap((norm) =>
    masks.map((mask, i) => [
      ...[
        "layer",
        { sum: x, update: x },
        { layout: i === 1 ? ragged : "contiguous", mask, score: scores[i], rotation, ...(i === 0 && { training }) },
      ],
      {
        attentionNorm: norm,
        attention: { q: linear, k: linear, v: linear, qkv, output: linear },
        feedForwardNorm: norm,
        feedForward: { up: linear, down: linear, gate: linear, gateUp },
      },
      { heads: 2, headWidth: 2, activation: "silu", scale: 1, norms: i === 0 ? "post" : "pre" },
    ]),
  );
  return {
    "encoders/encoderBlock": { ...call(encoders.encoderBlock, ...blocks), runs: true },
    "encoders/loadEncoder": { ...call(encoders.loadEncoder, ["no folder", {}]), runs: true },
    "encoders/planEncoder": {
      of: encoders.planEncoder,
      calls: [["no folder", { limits: { binding: 2 ** 20 } }]],
      runs: true,
    },
    "encoders/planEncoderDecoder": {
      of: encoders.planEncoderDecoder,
      calls: [["no folder", { limits: { binding: 2 ** 20 } }]],
      runs: true,
    },
    "encoders/loadEncoderDecoder": { ...call(encoders.loadEncoderDecoder, ["no folder", {}]), runs: true },
    "encoders/EncoderDecoder.generate": {
      of: both.generate,
      on: both,
      calls: [
        ["a", { maxTokens: 1, temperature: 1, topK: 1, topP: 0.5, repetitionPenalty: 2, noRepeatNgram: 2, seed: 1 }],
        [["a", "b"], { maxTokens: 1, seed: [1, 2], stop: ["a"] }],
        ["a", { maxTokens: 1, beams: 2, lengthPenalty: 1, earlyStopping: true }],
        ["a", { maxTokens: 1, attention: { layer: 0, head: 0, perHead: true } }],
      ],
      runs: true,
    },
    "encoders/EncoderDecoder.hidden": { of: both.hidden, on: both, calls: [["a", { target: [1] }]], runs: true },
    "encoders/EncoderDecoder.crossAttention": {
      of: both.crossAttention,
      on: both,
      calls: [["a", [1], { layer: 0, head: 0, perHead: true }]],
      runs: true,
    },
    "encoders/EncoderDecoder.isUntrained": { of: both.isUntrained, on: both, calls: [[]], runs: true },
    "encoders/Encoder.hidden": { of: encoder.hidden, on: encoder, calls: [["a", {}]], runs: true },
    "encoders/Encoder.fillMask": { of: encoder.fillMask, on: encoder, calls: [["[MASK]", { top: 1 }]], runs: true },
    "encoders/Encoder.classify": {
      of: encoder.classify,
      on: encoder,
      calls: [
        ["a", { pair: "b" }],
        ["a", { labels: ["b"], template: "{}", multiLabel: true }],
      ],
      runs: true,
    },
    "encoders/Encoder.scores": { of: encoder.scores, on: encoder, calls: [[["a"], { maxTokens: 5 }]], runs: true },
    "encoders/Encoder.answer": {
      of: encoder.answer,
      on: encoder,
      calls: [["a", "b", { maxTokens: 2, nullAnswer: true }]],
      runs: true,
    },
    "encoders/Encoder.nextSentence": { of: encoder.nextSentence, on: encoder, calls: [["a", "b", {}]], runs: true },
    "encoders/Encoder.sparse": { of: encoder.sparse, on: encoder, calls: [[["a"], {}]], runs: true },
    "encoders/Encoder.embed": { of: encoder.embed, on: encoder, calls: [[["a"], { maxTokens: 5 }]], runs: true },
    "encoders/Encoder.embedStream": { of: encoder.embedStream, on: encoder, calls: [[["a"], { maxTokens: 5 }]] },
  };
}
