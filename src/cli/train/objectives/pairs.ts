import { FormatError } from "../../../formats/format-error.ts";
import { readJson } from "../../../formats/read-text.ts";
import type { FileSource } from "../../../formats/source.ts";
import { checkTokens, modelFiles } from "../../../generate/load/model-files.ts";
import type { Gpu } from "../../../gpu/gpu.ts";
import { readRecurrentConfig } from "../../../models/recurrent/config.ts";
import { readSequenceFolder } from "../../../seq2seq/read-encoder-decoder.ts";
import type { Tokenizer } from "../../../text/tokenizer.ts";
import { rowsAt } from "../../../train/data/batches.ts";
import { pairBatch, type TokenPair } from "../../../train/data/pairs.ts";
import type { PairBatch } from "../../../train/objectives/pair-batch.ts";
import { openTrainableEncoderDecoder } from "../../../train/open/encoder-decoder.ts";
import type { TrainableModel } from "../../../train/open/open-trainable.ts";
import { openRecurrent } from "../../../train/open/recurrent.ts";
import { say } from "../../output.ts";
import { withProgress } from "../../progress.ts";
import { bytesOfRows, type Example, type Examples, readExamples, shuffledExamples } from "../examples.ts";
import { pairSource } from "../source.ts";
import { contextOf } from "./documents.ts";
import { cutNote, defaultsWithModel, evenBatches, exampleSettings } from "./encoders.ts";
import { type CliObjective, learner } from "./objective.ts";

/** A text, and the text that it becomes. */
interface TextPair {
  readonly source: string;
  readonly target: string;
}

/** What is read of a model of pairs before its weights. */
interface PairModel {
  readonly config: { readonly vocabulary: number };
  readonly tokenizers: { readonly source: Tokenizer; readonly target: Tokenizer };
  /** The token that targets begin with, the one they end with, and a first one that is forced. */
  readonly start: number;
  readonly end: number;
  readonly forcedFirst?: number | undefined;
  /** The most tokens of a source or a target. */
  readonly context: number;
  readonly open: (gpu: Gpu, quiet: boolean) => Promise<TrainableModel<PairBatch>>;
}

/** An encoder-decoder learns a text from another: the next token of a target, given its source and the tokens before. */
export const pairs: CliObjective<Examples<TextPair>> = {
  name: "pairs",
  says: 'a text from another: {"source", "target"}',
  kinds: ["encoder-decoder", "recurrent encoder-decoder"],
  takes: exampleSettings,
  defaults: defaultsWithModel,
  read: (settings) =>
    readExamples(settings, '{"source": "…", "target": "…"}', (line) => ({
      source: line.text("source"),
      target: line.text("target"),
    })),
  source: (given) =>
    pairSource(
      given,
      given.data.training.map(({ value }) => value),
    ),
  prepare: async (source, { settings, data, quiet }) => {
    const { batch, accumulate, seed } = settings;
    const isRecurrent = await isOfUnits(source);
    const model = isRecurrent ? await readRecurrent(source) : await readTransformer(source);
    const { config, tokenizers, start, end, forcedFirst } = model;
    const context = contextOf(settings, model.context);
    let cut = 0;
    const limited = (ids: readonly number[]) => {
      if (ids.length > context) cut++;
      return ids.slice(0, context);
    };
    const rowOf = ({ value }: Example<TextPair>): TokenPair => {
      const ids = tokenizers.target.encode(value.target);
      const begun = forcedFirst === undefined || ids[0] === forcedFirst ? ids : [forcedFirst, ...ids];
      const target = begun.at(-1) === end ? begun : [...begun, end];
      return { source: limited(tokenizers.source.encode(value.source)), target: limited(target) };
    };
    const [training, heldOut] = [data.training.map(rowOf), data.heldOut.map(rowOf)];
    const order = shuffledExamples(training, seed);
    const batchOf = (rows: readonly TokenPair[]) => pairBatch(rows, { start });
    const batches = {
      at: (position: number) => rowsAt(order, position, { batch, accumulate }).map(batchOf),
      heldOut: evenBatches(heldOut, batch).map(batchOf),
    };
    const held = heldOut.length > 0 ? `, ${heldOut.length} held out` : "";
    return {
      notes: [...(quiet ? [] : [`${training.length} pairs of sources and targets${held}`]), ...cutNote(cut, context)],
      training: bytesOfRows(training),
      evaluation: heldOut.length > 0 ? bytesOfRows(heldOut) : undefined,
      model: config,
      perStep: batch * accumulate,
      units: "pairs",
      chance: Math.log(config.vocabulary),
      open: async (gpu, quiet) => learner(await model.open(gpu, quiet), batches),
    };
  },
};

async function isOfUnits(source: FileSource): Promise<boolean> {
  const raw = (await readJson(source, "config.json")) as { readonly model_type?: unknown } | null;
  return raw?.model_type === "gru-encoder-decoder";
}

async function readTransformer(source: FileSource): Promise<PairModel> {
  // Its warnings are those of opening it, which come later.
  const { config, tokenizers, defaults } = await readSequenceFolder(source, { onWarning: () => {} });
  const { start, eos, forcedFirst } = defaults;
  const { encoder, decoder } = config;
  const onWarning = (warning: string) => say(`warning: ${warning}`);
  return {
    config,
    tokenizers,
    start,
    end: eos[0] ?? missing("eos_token_id", "the token that ends a target"),
    forcedFirst,
    context: Math.min(encoder.context ?? Number.POSITIVE_INFINITY, decoder.context ?? Number.POSITIVE_INFINITY),
    open: (gpu, quiet) =>
      withProgress("loading ", quiet, (onProgress) =>
        openTrainableEncoderDecoder(gpu, source, { onProgress, onWarning }),
      ),
  };
}

async function readRecurrent(source: FileSource): Promise<PairModel> {
  const files = await modelFiles(source);
  const config = readRecurrentConfig("config.json", await files.config());
  const tokenizer = await files.tokenizer();
  checkTokens(files, tokenizer, config.vocabulary);
  return {
    config,
    tokenizers: { source: tokenizer, target: tokenizer },
    start: config.start ?? missing("decoder_start_token_id", "the token that targets begin with"),
    end: config.end ?? missing("eos_token_id", "the token that ends a target"),
    context: Number.POSITIVE_INFINITY,
    open: (gpu) => openRecurrent(gpu, source),
  };
}

function missing(field: string, what: string): never {
  throw new FormatError("config.json", `is missing, expected ${what}`, { field });
}
