import { progressReport } from "../../../src/engine/direct/progress.ts";
import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { EncoderDecoder } from "../../../src/seq2seq/encoder-decoder.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import type { ModelRequest } from "../../shell/model/request.ts";
import { sourceOf } from "../../shell/model/source.ts";
import type { ModelFacts } from "./protocol.ts";

/** Loads an encoder-decoder and writes a token, so that a text's programs are compiled. */
export async function loadModelFor(
  gpu: Gpu,
  request: ModelRequest,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<EncoderDecoder> {
  const report = progressReport(onProgress);
  const source = await sourceOf(request, signal, report);
  const model = await loadEncoderDecoder(gpu, source, {
    signal,
    onWarning: () => undefined, // about settings without effect here, and unread tensors
    onProgress: report,
  });
  try {
    report({ phase: "warm-up", done: 0, total: 1 });
    await model.generate("a", { maxTokens: 1, attention: {}, signal });
    report({ phase: "warm-up", done: 1, total: 1 });
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The facts about a model shown on the page. */
export async function factsOf(model: EncoderDecoder): Promise<ModelFacts> {
  const { config, sourceContext, context, bytes, stored, defaults } = model;
  const { architecture, encoder, decoder } = config;
  const { beams, lengthPenalty, noRepeatNgram, maxTokens } = defaults.options;
  return {
    architecture,
    encoderLayers: encoder.layers,
    layers: decoder.layers,
    heads: decoder.heads,
    sourceContext,
    context,
    bytes,
    quantisation: stored.quantisation,
    untrained: await model.isUntrained(),
    defaults: { beams, lengthPenalty, noRepeatNgram, maxTokens },
  };
}
