import { listed, printed } from "../../../formats/format-error.ts";
import { readFields } from "../../../formats/json/fields.ts";
import { readJson } from "../../../formats/read-text.ts";
import type { FileSource } from "../../../formats/source.ts";
import { withFiles } from "../../../formats/with-files.ts";
import { readLabels } from "../../../models/encoders/heads/labels.ts";
import { readWordClassifierConfig } from "../../../models/word-models/word-classifier.ts";
import { plainWords, readWords, wordTokenizer } from "../../../models/word-models/word-list.ts";
import { filledBatches, rowsAt } from "../../../train/data/batches.ts";
import { vocabularyOf } from "../../../train/data/word-pairs.ts";
import type { LabelBatch } from "../../../train/objectives/label-batch.ts";
import { ignored } from "../../../train/objectives/token-batches.ts";
import { freshWordClassifier, openWordClassifier } from "../../../train/open/word-classifier.ts";
import { bytesOfRows, type Example, type Examples, readExamples, shuffledExamples } from "../examples.ts";
import { freshConfig } from "../source.ts";
import { labelId, labelNames } from "./labels.ts";
import { type CliObjective, learner } from "./objective.ts";

/** A text with its label. */
interface Labelled {
  readonly text: string;
  readonly label: string;
}

/** Labelled texts, and the labels in order. */
interface BagData extends Examples<Labelled> {
  readonly labels: readonly string[];
}

/** The ids of a text's words, and of its label. */
interface Row {
  readonly ids: readonly number[];
  readonly label: number;
}

const uncounted = (row: Row): Row => ({ ...row, label: ignored });
const batchOf = (rows: readonly Row[]): LabelBatch => ({
  ids: rows.map(({ ids }) => ids),
  labels: rows.map(({ label }) => label),
});

/** A classifier learns the label of a text from its words in any order, by a score of each or by the mean of vectors. */
export const bag: CliObjective<BagData> = {
  name: "bag",
  says: 'labels of texts by their words in any order: {"text", "label"}, without --model or --config',
  kinds: ["word classifier"],
  isSized: true,
  takes: ["width"],
  defaults: ({ width }) => ({ batch: 32, lr: width === undefined ? 3e-2 : 1e-2 }),
  read: async (settings) => {
    const examples = await readExamples(settings, '{"text": "…", "label": "…"}', (line) => ({
      text: line.text("text"),
      label: line.label("label"),
    }));
    return { ...examples, labels: labelNames(examples.training.map(({ value }) => value.label)) };
  },
  source: async ({ settings, data, opened, resumed }) => {
    if (opened) return opened;
    const { config, seed, width } = settings;
    const { parsed = {} } = config === undefined ? {} : await freshConfig(config, resumed);
    const words = vocabularyOf(data.training.map(({ value }) => value.text));
    const kind =
      width === undefined
        ? { model_type: "bag-of-words", mode: "sum" }
        : { model_type: "mean-of-word-vectors", vector_size: width };
    const whole = {
      ...kind,
      ...parsed,
      vocab_size: words.length,
      num_labels: data.labels.length,
      id2label: Object.fromEntries(data.labels.entries()),
      label2id: Object.fromEntries(data.labels.map((label, id) => [label, id])),
    };
    return withFiles(freshWordClassifier(whole, { seed }), { "tokenizer.json": wordTokenizer(words) });
  },
  prepare: async (source, { settings, data, quiet }) => {
    const { batch, accumulate, seed } = settings;
    const { words, labels, config } = await readClassifierFiles(source);
    const known = new Map(words.map((word, id) => [word, id]));
    const rowOf = ({ where, value: { text, label } }: Example<Labelled>): readonly Row[] => {
      const id = labelId(labels, label, where, "label");
      const ids = plainWords(text).flatMap((word) => known.get(word) ?? []);
      return ids.length === 0 ? [] : [{ ids, label: id }];
    };
    const [training, heldOut] = [data.training.flatMap(rowOf), data.heldOut.flatMap(rowOf)];
    if (training.length === 0) throw new Error("--data: no text has a word of the model");
    const left = data.training.length + data.heldOut.length - training.length - heldOut.length;
    const order = shuffledExamples(training, seed);
    const batches = {
      at: (position: number) => rowsAt(order, position, { batch, accumulate }).map(batchOf),
      heldOut: filledBatches(heldOut, batch, uncounted).map(batchOf),
    };
    const held = heldOut.length > 0 ? `, ${heldOut.length} held out` : "";
    const of = `${training.length} texts of ${words.length} words and ${labels.length} labels${held}`;
    return {
      notes: [
        ...(quiet ? [] : [`${of}: ${listed(labels.map(printed), 12)}`]),
        ...(left > 0 ? [`warning: ${left} texts have no word of the model, and are left out`] : []),
      ],
      training: bytesOfRows(training),
      evaluation: heldOut.length > 0 ? bytesOfRows(heldOut) : undefined,
      model: config,
      perStep: batch * accumulate,
      units: "texts",
      chance: Math.log(labels.length),
      open: async (gpu) => learner(await openWordClassifier(gpu, source), batches),
    };
  },
};

/** The settings, the words and the labels of a classifier's folder. */
export async function readClassifierFiles(source: FileSource) {
  const raw = await readJson(source, "config.json");
  const config = readWordClassifierConfig("config.json", raw);
  const words = readWords("tokenizer.json", await readJson(source, "tokenizer.json"), config.vocabulary);
  const { names } = readLabels(readFields("config.json", raw), config.labels, "num_labels");
  return { config, words, labels: names };
}
