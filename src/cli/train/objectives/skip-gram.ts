import { FormatError } from "../../../formats/format-error.ts";
import { readJson } from "../../../formats/read-text.ts";
import type { FileSource } from "../../../formats/source.ts";
import { withFiles } from "../../../formats/with-files.ts";
import { readWords, wordTokenizer } from "../../../models/word-models/word-list.ts";
import { readWordVectorsConfig } from "../../../models/word-models/word-vectors.ts";
import { filledBatches, rowsAt } from "../../../train/data/batches.ts";
import type { TrainingDocument } from "../../../train/data/documents.ts";
import {
  negativeSamples,
  vocabularyOf,
  type WordLines,
  type WordPair,
  wordLines,
  wordPairs,
} from "../../../train/data/word-pairs.ts";
import { ignored } from "../../../train/objectives/token-batches.ts";
import type { WordBatch } from "../../../train/objectives/word-batch.ts";
import { freshWordVectors, openWordVectors } from "../../../train/open/word-vectors.ts";
import { quantity } from "../../units.ts";
import { readDocumentFiles } from "../data.ts";
import { linesIn } from "../examples.ts";
import type { RunSettings } from "../settings.ts";
import { freshConfig } from "../source.ts";
import { type CliObjective, learner, type Preparing } from "./objective.ts";

/** Lines of words, and the vocabulary of those to train on. */
interface WordData {
  readonly training: readonly string[];
  readonly heldOut: readonly string[];
  readonly words: readonly string[];
}

const usual = { epochs: 5, width: 32, window: 5, negatives: 5 } as const;

/** Settings of AdamW for tables of which a step changes few rows much: the rate is high, and falls to 0. */
const adamw = { betas: [0.9, 0.999], weightDecay: 0.05 } as const;

/**
 * The number of words drawn for a batch, whose losses are weighted as those of each pair's negatives: 64, or where a batch
 * of many pairs makes it slow, a sixteenth of the vocabulary or 16, with which as many analogies were found.
 */
const drawnWords = (vocabulary: number, batch: number): number =>
  Math.ceil(Math.max(16, Math.min(64, Math.max(8192 / batch, vocabulary / 16))));

/** Steps that small data should take, and the pairs of a step within which they are reached. */
const [wantedSteps, leastBatch, mostBatch] = [3000, 16, 4096] as const;

/** The lines of a file that have words. */
function linesOfWords(file: string, bytes: Uint8Array): TrainingDocument[] {
  const lines = linesIn(file, bytes);
  if (lines.length === 0) throw new FormatError(file, "has no words");
  return lines;
}

const wholeOf = (settings: RunSettings) => ({ ...usual, ...settings });
const idsOf = (words: readonly string[]) => new Map(words.map((word, id) => [word, id]));

/** The pairs of a run's lines. Throws if there are none. */
function pairsOf(lines: WordLines, window: number, seed: number, flag: string) {
  const pairs = wordPairs(lines, window, seed);
  if (pairs.count(window) > 0) return pairs;
  throw new Error(`${flag}: no line has two words of the model, expected words that are near each other`);
}

/** A word learns which words are near it: word vectors (Mikolov et al. 2013). */
export const skipGram: CliObjective<WordData> = {
  name: "skip-gram",
  says: "word vectors: lines of words, without --model or --config",
  kinds: ["word vectors"],
  isSized: true,
  takes: ["epochs", "width", "window", "negatives"],
  defaults: ({ optimizer }) => ({
    ...usual,
    schedule: "linear",
    clip: 0,
    ...(optimizer === "adamw" && adamw),
  }),
  read: async (settings) => {
    const instead = "name a file with --val, or a larger share";
    const read = await readDocumentFiles(settings.data ?? [], settings, { read: linesOfWords, instead });
    const textsOf = (documents: readonly TrainingDocument[]) => documents.map(({ content }) => String(content));
    const training = textsOf(read.training.flat());
    return { training, heldOut: textsOf(read.heldOut), words: vocabularyOf(training) };
  },
  sized: (settings, { training, words }, isChosen) => {
    const { epochs, window, seed, accumulate } = wholeOf(settings);
    const pairs = pairsOf(wordLines(training, idsOf(words)), window, seed, "--data").count(epochs);
    const wanted = 2 ** Math.round(Math.log2(pairs / wantedSteps / accumulate));
    const batch = isChosen("batch") ? settings.batch : Math.min(mostBatch, Math.max(leastBatch, wanted));
    const lr = isChosen("lr") ? settings.lr : 0.02;
    return { batch, lr, steps: Math.ceil(pairs / (batch * accumulate)) };
  },
  source: async ({ settings, data, opened, resumed }) => {
    if (opened) return opened;
    const { config, seed, width } = wholeOf(settings);
    const { parsed = {} } = config === undefined ? {} : await freshConfig(config, resumed);
    const { vector_size = width } = parsed;
    const whole = { ...parsed, model_type: "skip-gram", vocab_size: data.words.length, vector_size };
    return withFiles(freshWordVectors(whole, { seed }), { "tokenizer.json": wordTokenizer(data.words) });
  },
  prepare: async (source, { settings, data, quiet }: Preparing<WordData>) => {
    const { batch, accumulate, seed, window, negatives, epochs, steps } = wholeOf(settings);
    const words = await wordsOf(source);
    const known = idsOf(words);
    const [lines, heldOut] = [data.training, data.heldOut].map((texts) => wordLines(texts, known)) as [
      WordLines,
      WordLines,
    ];
    const pairs = pairsOf(lines, window, seed, "--data");
    const size = Math.max(drawnWords(words.length, batch), negatives);
    const [draw, drawHeldOut] = [seed, 0].map((from) => negativeSamples(lines.ids, words.length, size, from));
    const batchOf = (given: readonly WordPair[], drawn: readonly number[]): WordBatch => ({
      ids: given.map(([word]) => word),
      targets: given.map(([, near]) => near),
      negatives: drawn,
      perPair: negatives,
    });
    const order = { row: pairs.pair };
    const held = data.heldOut.length > 0 ? allPairs(heldOut, window, settings) : [];
    const batches = {
      at: (position: number) =>
        rowsAt(order, position, { batch, accumulate }).map((given, i) =>
          batchOf(given, draw?.(position + i * batch) ?? []),
        ),
      // The same words are drawn in every run, so that losses can be compared.
      heldOut: filledBatches(held, batch, ([word]): WordPair => [word, ignored]).map((given, i) =>
        batchOf(given, drawHeldOut?.(i) ?? []),
      ),
    };
    const left = data.words.filter((word) => !known.has(word)).length;
    const of = `${words.length} words, ${quantity(lines.ids.length)} of text`;
    const are = `${of}, ${quantity(pairs.count(epochs))} pairs in ${epochs} epochs: ${steps} steps of ${batch}`;
    return {
      notes: [
        ...(quiet ? [] : [are]),
        ...(left > 0 ? [`warning: ${left} words of --data are not the model's, and are left out`] : []),
      ],
      training: bytesOfLines(lines),
      evaluation: held.length > 0 ? bytesOfLines(heldOut) : undefined,
      model: undefined,
      perStep: batch * accumulate,
      units: "pairs",
      chance: Math.log(1 + negatives) + negatives * Math.log(1 + 1 / negatives),
      open: async (gpu) => learner(await openWordVectors(gpu, source), batches),
    };
  },
};

/** All pairs of an epoch of held-out lines. */
function allPairs(lines: WordLines, window: number, { val }: RunSettings): readonly WordPair[] {
  const pairs = pairsOf(lines, window, 0, val === undefined ? "--held-out" : "--val");
  return Array.from({ length: pairs.count(1) }, (_, number) => pairs.pair(number));
}

/** The words of a folder, by their ids. */
async function wordsOf(source: FileSource): Promise<readonly string[]> {
  const { vocabulary } = readWordVectorsConfig("config.json", await readJson(source, "config.json"));
  return readWords("tokenizer.json", await readJson(source, "tokenizer.json"), vocabulary);
}

function* bytesOfLines({ ids, starts }: WordLines): Generator<Uint8Array> {
  for (const { buffer } of [ids, starts]) yield new Uint8Array(buffer);
}
