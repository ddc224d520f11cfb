import type { Encoder } from "../../../src/encode/encoder.ts";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { readModules } from "../../../src/encode/modules.ts";
import { progressReport } from "../../../src/engine/direct/progress.ts";
import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import { subfolder } from "../../../src/formats/subfolder.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { ModelPlan, ModelRequest } from "../../shell/model/request.ts";
import { planOf, sourceOf } from "../../shell/model/source.ts";
import { dot } from "../index/search-index.ts";
import type { EmbedProgress, ModelFacts } from "./protocol.ts";

/** A model that makes vectors of length 1. */
export interface LoadedModel {
  readonly facts: ModelFacts;
  /** The vectors of texts, as they are computed; finally as many as texts. */
  embed(texts: readonly string[], report: (progress: EmbedProgress) => void, signal: AbortSignal): Promise<void>;
  /** The vectors of passages' texts, all together. */
  vectors(texts: readonly string[], signal: AbortSignal): Promise<Float32Array<ArrayBuffer>[]>;
  /** The vector of a query. */
  query(text: string, signal: AbortSignal): Promise<Float32Array<ArrayBuffer>>;
  dispose(): void;
}

/** What a model needs: reads its configuration and the headers of its files. */
export async function planModel(request: ModelRequest, signal: AbortSignal): Promise<ModelPlan> {
  const source = await sourceOf(request, signal);
  const modules = await readModules(source);
  const folder = subfolder(source, modules?.[0]?.path ?? "");
  return { ...(await planOf(folder, signal)), license: source.license };
}

/** Loads an encoder and embeds a word, so that a query's programs are compiled. */
export async function loadModelFor(
  gpu: Gpu,
  request: ModelRequest,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<LoadedModel> {
  const report = progressReport(onProgress);
  const source = await sourceOf(request, signal, report);
  const encoder = await loadEncoder(gpu, source, {
    signal,
    onWarning: () => undefined, // about unread tensors: heads, which this page does not use
    onProgress: report,
  });
  try {
    const model = modelOf(encoder);
    report({ phase: "warm-up", done: 0, total: 1 });
    await model.query("word", signal);
    report({ phase: "warm-up", done: 1, total: 1 });
    return model;
  } catch (error) {
    encoder.dispose();
    throw error;
  }
}

/** The model's prompt by the first known of these names; else its default. */
const promptName = ({ embedding: { prompts } }: Encoder, names: readonly string[]) => {
  const name = names.find((one) => Object.hasOwn(prompts, one));
  return name === undefined ? {} : { promptName: name };
};

function modelOf(encoder: Encoder): LoadedModel {
  const { config, embedding, bytes, stored } = encoder;
  const ofQuery = promptName(encoder, ["query", "search_query"]);
  const ofPassage = promptName(encoder, ["passage", "document", "search_document"]);
  return {
    facts: {
      architecture: config.architecture,
      layers: config.layers,
      width: embedding.width,
      maxTokens: embedding.maxTokens,
      bytes,
      quantisation: stored.quantisation,
    },
    embed: async (texts, report, signal) => {
      let [rows, shortened]: [Float32Array[], number] = [[], 0];
      let timer: ReturnType<typeof setTimeout> | undefined;
      const hand = () => {
        clearTimeout(timer);
        timer = undefined;
        if (rows.length > 0) report({ vectors: joined(rows, embedding.width), shortened });
        [rows, shortened] = [[], 0];
      };
      try {
        for await (const { embedding: vector, tokens } of encoder.embedStream(texts, { ...ofPassage, signal })) {
          rows.push(unit(vector));
          if (tokens >= embedding.maxTokens) shortened++;
          // Vectors computed together arrive without a wait in between: they are passed on together.
          timer ??= setTimeout(hand);
        }
      } finally {
        hand();
      }
    },
    vectors: async (texts, signal) => (await encoder.embed(texts, { ...ofPassage, signal })).embeddings.map(unit),
    query: async (text, signal) => {
      const { embeddings } = await encoder.embed([text], { ...ofQuery, signal });
      return unit(embeddings[0] ?? new Float32Array(embedding.width));
    },
    dispose: () => encoder.dispose(),
  };
}

function joined(rows: readonly Float32Array[], width: number): Float32Array<ArrayBuffer> {
  const all = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) all.set(row, i * width);
  return all;
}

/** The vector scaled to length 1, which a model's own may not have. */
function unit(vector: Float32Array): Float32Array<ArrayBuffer> {
  const length = Math.sqrt(dot(vector, vector));
  return Float32Array.from(vector, (value) => (length > 0 ? value / length : 0));
}
