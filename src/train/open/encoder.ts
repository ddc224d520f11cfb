import { listed, printed } from "../../formats/format-error.ts";
import { refuseGguf } from "../../formats/gguf-name.ts";
import { readJson } from "../../formats/read-text.ts";
import type { FileSource } from "../../formats/source.ts";
import { checkTokens, modelFiles } from "../../generate/load/model-files.ts";
import { openFrom } from "../../generate/load/opening.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { EncoderModel } from "../../models/encoders/encoder.ts";
import { readEncoderConfig } from "../../models/encoders/families.ts";
import type { EncoderLayerSources, EncoderSources } from "../../models/encoders/family.ts";
import { chooseHeads, missingHead, withHeads } from "../../models/encoders/heads/choose.ts";
import type { HeadKind, HeadSources } from "../../models/encoders/heads/head.ts";
import type { Labels } from "../../models/encoders/heads/labels.ts";
import type { HeadWeights } from "../../models/encoders/heads/weights.ts";
import { type EncoderWeights, uploadEncoder } from "../../models/encoders/weights.ts";
import { type Checkpoint, checkWeights } from "../../models/weights/checkpoint.ts";
import { checkOptions, fieldsOf, oneOf, required } from "../../options/checks.ts";
import { createEncoderTokenizer, type EncoderTokenizer } from "../../text/encoder-tokenizer.ts";
import { modelKind } from "../initialisers/fresh-parts.ts";
import type { ContrastiveBatch } from "../objectives/contrastive-batch.ts";
import {
  type ContrastivePooling,
  contrastiveObjective,
  labelObjective,
  maskedObjective,
  tokenLabelObjective,
} from "../objectives/encoder.ts";
import type { LabelBatch } from "../objectives/label-batch.ts";
import type { MaskedBatch } from "../objectives/masked-batch.ts";
import type { Objective } from "../objectives/objective.ts";
import type { TokenLabelBatch } from "../objectives/token-label-batch.ts";
import { named, type TrainableModel, type TrainableOptions, trainableChecks } from "./open-trainable.ts";
import { type Found, ofLayer, ofLinear, ofNorm, type Parameter, parametersIn } from "./parameters.ts";
import { sentenceFiles } from "./sentence-files.ts";
import { type TrainedFolder, trainedFolder } from "./trained-folder.ts";

/** The training tasks of an encoder, with their batches. */
export interface EncoderBatches {
  /** Predict hidden tokens. */
  readonly masked: MaskedBatch;
  /** Classify texts. */
  readonly classify: LabelBatch;
  /** Classify tokens. */
  readonly "classify-tokens": TokenLabelBatch;
  /** Give texts that belong together nearby vectors. */
  readonly contrastive: ContrastiveBatch;
}

/** The name of a task of encoders. */
export type EncoderTask = keyof EncoderBatches;

const tasks = {
  masked: { head: "masked-language", method: "training on masked words" },
  classify: { head: "sequence-classification", method: "training on labels" },
  "classify-tokens": { head: "token-classification", method: "training on labels of tokens" },
  contrastive: { head: undefined, method: "contrastive training" },
} as const satisfies Readonly<Record<EncoderTask, { readonly head: HeadKind | undefined; readonly method: string }>>;

/** A trainable encoder. */
export interface TrainableEncoder<B = MaskedBatch> extends TrainableModel<B> {
  readonly model: EncoderModel;
  readonly tokenizer: EncoderTokenizer;
  /** The labels of its head, in the order of its outputs; empty without any. */
  readonly labels: readonly string[];
}

/** How an encoder is opened for training. */
export interface TrainableEncoderOptions<T extends EncoderTask = EncoderTask> extends TrainableOptions {
  /**
   * `masked`: the head for masked language learns hidden tokens. `classify`, `classify-tokens`: the classifier of texts
   * or of tokens learns labels. `contrastive`: vectors of texts, pooled as the folder's `modules.json` says or by the
   * mean, learn which pairs belong together; no head is trained.
   */
  readonly task: T;
}

const fields = fieldsOf<TrainableEncoderOptions>({
  ...trainableChecks,
  task: required(oneOf(...(Object.keys(tasks) as EncoderTask[]))),
});

/**
 * Reads an encoder's folder and uploads its weights and those of the task's head as f32, whether stored as f32, f16 or
 * bf16. `from` is as for `loadEncoder`, or a fresh folder of `freshFolder`, or one with a head of `freshHead`.
 * `exportModel` writes other heads unchanged, and the files of sentence-transformers only after contrastive training.
 *
 * @throws FormatError for a missing or invalid file, for a folder without the task's head, and for a head whose labels
 * do not exclude each other; and the reason of `signal` once it aborts.
 */
export async function openTrainableEncoder<T extends EncoderTask>(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: TrainableEncoderOptions<T>,
): Promise<TrainableEncoder<EncoderBatches[T]>> {
  checkOptions("openTrainableEncoder", fields, options);
  const { task, onWarning = console.warn, ...loading } = options;
  const source = await openFrom("openTrainableEncoder", from, options);
  refuseGguf(source, "encoders");
  const files = await modelFiles(source);
  const raw = await files.config();
  modelKind(raw); // refuses encoders without heads
  const { family, config, reader } = readEncoderConfig(raw);
  const tokenizer = createEncoderTokenizer(await readJson(source, "tokenizer.json"), await files.tokenizerConfig());
  checkTokens(files, tokenizer, config.vocabulary);
  const weights = await files.weights(false);
  const chosen = chooseHeads(family, config, reader, weights);
  const { head: kind, method } = tasks[task];
  const head = kind && chosen.heads[kind];
  if (kind && !head) throw missingHead(source.name, method, [kind], chosen);
  if (kind === "sequence-classification") checkScoring(chosen.labels, reader.fail);
  const heads = kind && head ? { [kind]: head } : {};
  const sentence = task === "contrastive" ? await sentenceFiles(source, config) : undefined;
  const checkpoint = checkWeights(weights, withHeads(family, heads), config);
  if (checkpoint.unread.length > 0) onWarning(printed(`${weights.file}: nothing reads ${listed(checkpoint.unread)}`));
  await source.prepare?.([...new Set([...weights.tensors.values()].map(({ file }) => file))], loading);
  const own = { ...loading, onWarning, dtype: "f32", heads } as const;
  const uploaded = await uploadEncoder(gpu, weights, checkpoint, config, own);
  try {
    const parameters = parametersOfEncoder(checkpoint, uploaded);
    const model = { gpu, config, weights: uploaded };
    const objective = objectivesOf(source.name, model, sentence?.pooling)[task]();
    const writing = async (given?: readonly Parameter[]): Promise<TrainedFolder> => {
      const folder = { weights, quantisation: undefined };
      const planned = await trainedFolder(source, { folder, parameters: named(parameters, given) });
      return sentence ? { ...planned, files: { ...planned.files, ...sentence.files } } : planned;
    };
    const labels = kind?.endsWith("-classification") ? (chosen.labels?.names ?? []) : [];
    return { model, tokenizer, labels, objective, parameters, writing, dispose: () => uploaded.dispose() };
  } catch (error) {
    uploaded.dispose();
    throw error;
  }
}

/** How the objective of each task is made, for a model with its head. */
function objectivesOf(
  name: string,
  model: EncoderModel,
  pooling: ContrastivePooling = "mean",
): { readonly [K in EncoderTask]: () => Objective<EncoderBatches[K]> } {
  const headOf = (kind: HeadKind): HeadWeights => {
    const head = model.weights.heads[kind];
    if (!head) throw new TypeError(`${name}: the head for ${kind} was not loaded`);
    return head;
  };
  return {
    masked: () => maskedObjective(model, headOf(tasks.masked.head)),
    classify: () => labelObjective(model, headOf(tasks.classify.head)),
    "classify-tokens": () => tokenLabelObjective(model, headOf(tasks["classify-tokens"].head)),
    contrastive: () => contrastiveObjective(model, pooling),
  };
}

/** Throws `FormatError` for multi-label classification or regression. */
function checkScoring(labels: Labels | undefined, fail: (field: string, problem: string) => never): void {
  if (labels?.scoring === "softmax" && labels.names.length > 1) return;
  const found = `makes ${labels?.names.length ?? 0} labels scored by ${labels?.scoring ?? "nothing"}`;
  fail("problem_type", `${found}, expected several of which a text has one: single_label_classification`);
}

/** A head; one that predicts tokens may be tied to the embedding, with only its own bias. */
const ofHead = (sources: HeadSources, head?: HeadWeights): Found[] => [
  ...ofLinear(sources.dense, sources.denseBias, head?.dense),
  ...ofNorm(sources.norm, sources.normBias, head?.norm),
  ...ofLinear(sources.output, sources.outputBias, head?.output),
];

/**
 * The parameters of an encoder in the order of its layers, each tensor of the checkpoint once, those of its heads last.
 * A bucket table is the stored one, not the one derived from it.
 */
export function parametersOfEncoder(
  { outer, layers }: Checkpoint<EncoderSources, EncoderLayerSources>,
  weights: EncoderWeights,
): Parameter[] {
  return parametersIn([
    [outer.embedding, weights.embedding],
    [outer.positions, weights.positions],
    [outer.types, weights.types],
    ...ofNorm(outer.embeddingNorm, outer.embeddingNormBias, weights.embeddingNorm),
    [outer.relativeBias, weights.buckets],
    ...layers.flatMap((layer, i) => ofLayer(layer, weights.blocks[i] as EncoderWeights["blocks"][number])),
    ...ofNorm(outer.finalNorm, outer.finalNormBias, weights.finalNorm),
    ...Object.entries(outer.heads ?? {}).flatMap(([kind, head]) => ofHead(head, weights.heads[kind as HeadKind])),
  ]);
}
