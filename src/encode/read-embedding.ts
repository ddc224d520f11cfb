import { FormatError } from "../formats/format-error.ts";
import type { FileSource } from "../formats/source.ts";
import { subfolder } from "../formats/subfolder.ts";
import { openWeights, type Weights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { EncoderConfig } from "../models/encoders/config.ts";
import { projectionSources } from "../models/encoders/family.ts";
import { Loader, type LoadOptions } from "../models/weights/loader.ts";
import { type Embedding, type EmbeddingSettings, type EmbeddingStep, normalizing } from "./embedding.ts";
import type { ModuleStep, SentenceModules } from "./modules.ts";

/** A step with its weights, checked but not yet read. */
type CheckedStep =
  | (Extract<ModuleStep, { kind: "dense" }> & { readonly weights: Weights })
  | (Extract<ModuleStep, { kind: "normalize" }> & { readonly width: number });

/** The steps after pooling, with matching widths and existing weights, and the settings of vectors. */
interface CheckedEmbedding {
  readonly settings: EmbeddingSettings;
  readonly steps: readonly CheckedStep[];
}

const names = projectionSources("linear", 1, 1);

/** Compares a folder's settings of vectors with its config and its weights. Throws `FormatError` if they do not fit. */
export async function checkEmbedding(
  source: FileSource,
  modules: SentenceModules,
  config: EncoderConfig,
  modelMaxLength: unknown,
): Promise<CheckedEmbedding> {
  const { pooling, includePrompt, width: said, prompts, defaultPromptName } = modules;
  if (said && said.value !== config.width) {
    throw new FormatError(said.file, `is ${said.value}, and the model's width ${config.width}`, {
      field: "word_embedding_dimension",
    });
  }
  let width = pooling.length * config.width;
  const steps: CheckedStep[] = [];
  for (const step of modules.steps) {
    if (step.kind === "normalize") {
      steps.push({ ...step, width });
      continue;
    }
    const { path, inputs, outputs, bias } = step;
    if (inputs !== width) {
      throw new FormatError(`${path}/config.json`, `is ${inputs}, and what comes before it gives ${width}`, {
        field: "in_features",
      });
    }
    const weights = await openWeights(subfolder(source, path));
    weights.get(names.weight.name, [outputs, inputs]);
    if (bias) weights.get(names.bias.name, [outputs]);
    steps.push({ ...step, weights });
    width = outputs;
  }
  const limits = [config.context, modules.maxTokens, modelMaxLength].filter((limit) => typeof limit === "number");
  const settings = {
    pooling,
    includePrompt,
    width,
    prompts,
    defaultPromptName,
    sparse: modules.sparse,
    normalized: steps.at(-1)?.kind === "normalize",
    maxTokens: Math.max(1, Math.floor(Math.min(...limits))),
  };
  return { settings, steps };
}

/** Uploads the weights of the steps. Throws as `Loader` does; nothing stays allocated then. */
export async function uploadEmbedding(
  gpu: Gpu,
  { settings, steps }: CheckedEmbedding,
  { dtype, signal, verify, onWarning }: LoadOptions,
): Promise<Embedding> {
  const made: { readonly bytes: number; dispose(): void }[] = [];
  const dispose = () => {
    for (const one of made) one.dispose();
  };
  const done: EmbeddingStep[] = [];
  try {
    for (const step of steps) {
      if (step.kind === "normalize") {
        const normalize = normalizing(gpu, step.width);
        made.push(normalize.scale);
        done.push(normalize);
        continue;
      }
      const { weights, inputs, outputs, bias, activation } = step;
      const loader = new Loader(gpu, weights, { dtype, signal, verify, onWarning });
      made.push(loader);
      const sources = projectionSources("linear", inputs, outputs);
      const linear = { weight: loader.matrix(sources.weight), bias: bias ? loader.vector(sources.bias) : undefined };
      await loader.finish();
      done.push({ kind: "dense", linear, activation });
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return { settings, steps: done, bytes: made.reduce((sum, { bytes }) => sum + bytes, 0), dispose };
}
