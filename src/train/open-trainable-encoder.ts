import { listed, printed } from "../formats/format-error.ts";
import { readJson } from "../formats/read-text.ts";
import { refuseGguf } from "../formats/refuse-gguf.ts";
import type { FileSource } from "../formats/source.ts";
import { checkTokens, modelFiles } from "../generate/model-files.ts";
import { openFrom } from "../generate/opening.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { checkWeights } from "../models/checkpoint.ts";
import type { EncoderModel } from "../models/encoders/encoder.ts";
import { readEncoderConfig } from "../models/encoders/families.ts";
import { chooseHeads, missingHead, withHeads } from "../models/encoders/heads/choose.ts";
import type { HeadKind } from "../models/encoders/heads/head.ts";
import type { Labels } from "../models/encoders/heads/labels.ts";
import { uploadEncoder } from "../models/encoders/weights.ts";
import { checkOptions, fieldsOf, oneOf, required } from "../options/checks.ts";
import { createEncoderTokenizer, type EncoderTokenizer } from "../text/encoder-tokenizer.ts";
import { parametersOfEncoder } from "./encoder-parameters.ts";
import { modelKind } from "./initialisers/fresh-parts.ts";
import { labelObjective, maskedObjective } from "./objectives/encoder.ts";
import type { LabelBatch } from "./objectives/label-batch.ts";
import type { MaskedBatch } from "./objectives/masked-batch.ts";
import type { Objective } from "./objectives/objective.ts";
import { named, type TrainableModel, type TrainableOptions, trainableChecks } from "./open-trainable.ts";
import type { Parameter } from "./parameters.ts";
import { trainedFolder } from "./trained-folder.ts";

/** What an encoder may be trained to do, with the batches of it. */
export interface EncoderBatches {
  /** Find the tokens that were hidden. */
  readonly masked: MaskedBatch;
  /** Give each text its label. */
  readonly classify: LabelBatch;
}

/** The name of a task of encoders. */
export type EncoderTask = keyof EncoderBatches;

const tasks = {
  masked: { head: "masked-language", method: "training on masked words" },
  classify: { head: "sequence-classification", method: "training on labels" },
} as const satisfies Readonly<Record<EncoderTask, { readonly head: HeadKind; readonly method: string }>>;

/** An encoder that steps can change. */
export interface TrainableEncoder<B = MaskedBatch> extends TrainableModel<B> {
  readonly model: EncoderModel;
  readonly tokenizer: EncoderTokenizer;
  /** The labels of its head, in the order of its outputs; empty where it has none. */
  readonly labels: readonly string[];
}

/** How an encoder is opened for training. */
export interface TrainableEncoderOptions<T extends EncoderTask = EncoderTask> extends TrainableOptions {
  /** `masked`: the head for masked language learns hidden tokens. `classify`: the head for texts learns labels. */
  readonly task: T;
}

const fields = fieldsOf<TrainableEncoderOptions>({
  ...trainableChecks,
  task: required(oneOf(...(Object.keys(tasks) as EncoderTask[]))),
});

/**
 * Reads an encoder's folder and uploads its weights and those of the task's head as f32, whatever they are stored in: f32,
 * f16 or bf16. `from` is as for `loadEncoder`, a fresh folder of `freshFolder` included. `exportModel` writes other heads as
 * they were, and of a folder of sentence-transformers the encoder alone.
 *
 * @throws FormatError for a file that is missing or invalid, for a folder without the task's head, and for a head whose
 * labels do not exclude each other; and the reason of `signal` once it aborts.
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
  const head = chosen.heads[kind];
  if (!head) throw missingHead(source.name, method, [kind], chosen);
  if (task === "classify") checkScoring(chosen.labels, reader.fail);
  const checkpoint = checkWeights(weights, withHeads(family, { [kind]: head }), config);
  if (checkpoint.unread.length > 0) onWarning(printed(`${weights.file}: nothing reads ${listed(checkpoint.unread)}`));
  await source.prepare?.([...new Set([...weights.tensors.values()].map(({ file }) => file))], loading);
  const own = { ...loading, onWarning, dtype: "f32", heads: { [kind]: head } } as const;
  const uploaded = await uploadEncoder(gpu, weights, checkpoint, config, own);
  try {
    const parameters = parametersOfEncoder(checkpoint, uploaded);
    const model = { gpu, config, weights: uploaded };
    const onDevice = uploaded.heads[kind];
    if (!onDevice) throw new TypeError(`${source.name}: the head for ${kind} was not loaded`);
    const objectives: { readonly [K in EncoderTask]: () => Objective<EncoderBatches[K]> } = {
      masked: () => maskedObjective(model, onDevice),
      classify: () => labelObjective(model, onDevice),
    };
    const objective = objectives[task]();
    const writing = (given?: readonly Parameter[]) =>
      trainedFolder(source, { folder: { weights, quantisation: undefined }, parameters: named(parameters, given) });
    const labels = task === "classify" ? (chosen.labels?.names ?? []) : [];
    return { model, tokenizer, labels, objective, parameters, writing, dispose: () => uploaded.dispose() };
  } catch (error) {
    uploaded.dispose();
    throw error;
  }
}

/** Throws `FormatError` for labels of which a text may have several, or which are numbers. */
function checkScoring(labels: Labels | undefined, fail: (field: string, problem: string) => never): void {
  if (labels?.scoring === "softmax" && labels.names.length > 1) return;
  const found = `makes ${labels?.names.length ?? 0} labels scored by ${labels?.scoring ?? "nothing"}`;
  fail("problem_type", `${found}, expected several of which a text has one: single_label_classification`);
}
