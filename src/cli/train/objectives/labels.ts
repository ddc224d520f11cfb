import { FormatError, listed, printed } from "../../../formats/format-error.ts";
import type { EncoderTokenizer } from "../../../text/encoder-tokenizer.ts";
import { filledBatches, rowsAt } from "../../../train/data/batches.ts";
import { labelWords, wordsIn } from "../../../train/data/label-words.ts";
import { freshHead, type LabelTask, labelsIn, withTaskLabels } from "../../../train/initialisers/task-heads.ts";
import { ignored } from "../../../train/objectives/token-batches.ts";
import { bytesOfRows, type Example, type Examples, type Line, readExamples, shuffledExamples } from "../examples.ts";
import { trainedSource } from "../source.ts";
import { cutNote, defaultsWithModel, exampleSettings, openEncoderToTrain, readEncoderFiles } from "./encoders.ts";
import { type CliObjective, learner } from "./objective.ts";

/** A text, or a pair of texts, with its label, or one label for each word of a text. */
interface Labelled {
  readonly texts: readonly string[];
  readonly label?: string;
  readonly labels?: readonly (string | null)[];
}

/** Labelled texts, all with one label or all with one label for each word, and the labels in order. */
interface LabelData extends Examples<Labelled> {
  readonly task: LabelTask;
  readonly labels: readonly string[];
}

const expected = '{"text": "…", "label": "…"}, {"a": "…", "b": "…", "label": "…"} or {"text": "…", "labels": ["…", …]}';

function labelledOf(line: Line): Labelled {
  const texts = line.has("a") || line.has("b") ? [line.text("a"), line.text("b")] : [line.text("text")];
  if (!line.has("labels")) return { texts, label: line.label("label") };
  const labels = line.labels("labels");
  if (texts.length > 1) line.fail("is for a text, not for a pair", "labels");
  const words = wordsIn(texts[0] ?? "").length;
  if (labels.length !== words) line.fail(`has ${labels.length} labels, and text has ${words} words`, "labels");
  return { texts, labels };
}

/**
 * The labels of lines in order: of numbers by size, of other texts by their characters. Throws for fewer than two
 * different ones.
 */
export function labelNames(given: Iterable<string>): readonly string[] {
  const found = [...new Set(given)].toSorted((a, b) => Number(a) - Number(b) || (a < b ? -1 : Number(a > b)));
  if (found.length >= 2) return found;
  const are = found.length === 0 ? "no labels" : `one label, ${printed(found[0] ?? "")}`;
  throw new Error(`--data: the lines have ${are}, expected two or more different ones`);
}

const labelsOf = ({ value: { label, labels } }: Example<Labelled>): readonly string[] =>
  label === undefined ? (labels ?? []).filter((one) => one !== null) : [label];

/** An encoder learns the labels of texts, of pairs of texts, or of words (Devlin et al. 2018, section 4). */
export const labels: CliObjective<LabelData> = {
  name: "labels",
  says: 'labels of texts, pairs of texts or words: {"text", "label"}, {"a", "b", "label"} or {"text", "labels": […]}',
  kinds: ["encoder"],
  takes: exampleSettings,
  defaults: defaultsWithModel,
  read: async (settings) => {
    const examples = await readExamples(settings, expected, labelledOf);
    const all = [...examples.training, ...examples.heldOut];
    const isOfWords = all[0]?.value.labels !== undefined;
    const other = all.find(({ value }) => (value.labels !== undefined) !== isOfWords);
    if (other) {
      const [has, others] = isOfWords ? ["label", "labels"] : ["labels", "label"];
      throw new FormatError(other.where, `has ${has}, and ${all[0]?.where} ${others}: expected one kind in all lines`);
    }
    const found = labelNames(examples.training.flatMap(labelsOf));
    return { ...examples, task: isOfWords ? "classify-tokens" : "classify", labels: found };
  },
  source: async (given) => {
    const { opened, settings, data } = given;
    const { task } = data;
    if (opened) {
      if (await labelsIn(opened, task)) return opened;
      return await freshHead(opened, { task, labels: data.labels, seed: settings.seed });
    }
    const texts = () => data.training.flatMap(({ value }) => value.texts);
    return await trainedSource(given, texts, (config) => withTaskLabels(config, task, data.labels));
  },
  prepare: async (source, { settings, data, quiet }) => {
    const { batch, accumulate, seed } = settings;
    const { task } = data;
    const { config, tokenizer, context } = await readEncoderFiles(source, settings);
    const names = (await labelsIn(source, task)) ?? data.labels;
    const encode = encoderOf(tokenizer, names, context);
    const [training, heldOut] = [data.training.map(encode), data.heldOut.map(encode)];
    const order = shuffledExamples(training, seed);
    const hasTypes = config.types > 0;
    /** The batches of rows; `labelsOf` returns the labels of a row. */
    const batchesBy = <L>(labelsOf: (row: Row) => L) => {
      const batchOf = (rows: readonly Row[]) => ({
        ids: rows.map(({ ids }) => ids),
        labels: rows.map(labelsOf),
        ...(hasTypes && { types: rows.map(({ types }) => types) }),
      });
      return {
        at: (position: number) => rowsAt(order, position, { batch, accumulate }).map(batchOf),
        heldOut: filledBatches(heldOut, batch, uncounted).map(batchOf),
      };
    };
    const ofTexts = batchesBy(({ labels: [label = ignored] }) => label);
    const ofWords = batchesBy(({ labels }) => labels);
    const cut = [...training, ...heldOut].filter((row) => row.cut).length;
    return {
      notes: [...(quiet ? [] : [summaryOf(data, names)]), ...cutNote(cut, context)],
      training: bytesOfRows(training),
      evaluation: heldOut.length > 0 ? bytesOfRows(heldOut) : undefined,
      model: config,
      perStep: batch * accumulate,
      units: "texts",
      chance: Math.log(names.length),
      open: async (gpu, quiet) =>
        task === "classify"
          ? learner(await openEncoderToTrain(gpu, source, "classify", quiet), ofTexts)
          : learner(await openEncoderToTrain(gpu, source, "classify-tokens", quiet), ofWords),
    };
  },
};

/** The tokens of an example, with its label, or that of each token. */
interface Row {
  readonly ids: readonly number[];
  readonly types: readonly number[];
  readonly labels: readonly number[];
  /** True if tokens were cut off. */
  readonly cut: boolean;
}

const uncounted = (row: Row): Row => ({ ...row, labels: row.labels.map(() => ignored) });

/** The id of a label. Throws `FormatError`, with the field, for one that is not among the names. */
export function labelId(names: readonly string[], name: string, where: string, field: string): number {
  const id = names.indexOf(name);
  if (id >= 0) return id;
  const problem = `is ${printed(name)}, and the labels are ${listed(names.map(printed), 12)}`;
  throw new FormatError(where, problem, { field });
}

/** Encodes examples. Throws `FormatError` for a label that is not among the names. */
function encoderOf(tokenizer: EncoderTokenizer, names: readonly string[], maxTokens: number) {
  return ({ where, value: { texts, label, labels } }: Example<Labelled>): Row => {
    const idOf = (name: string | null, field: string) => (name === null ? ignored : labelId(names, name, where, field));
    const [text = "", pair] = texts;
    const whole = { maxTokens, ...(pair !== undefined && { pair }) };
    const { ids, typeIds: types, cut } = tokenizer.encodeInput(text, whole);
    const row = { ids, types, cut: cut.some((count) => count > 0) };
    if (labels === undefined) return { ...row, labels: [idOf(label ?? null, "label")] };
    const all = labels.map((name, i) => idOf(name, `labels[${i}]`));
    return { ...row, labels: labelWords(tokenizer, text, all, { maxTokens }).labels };
  };
}

function summaryOf({ training, heldOut, task }: LabelData, names: readonly string[]): string {
  const held = heldOut.length > 0 ? `, ${heldOut.length} held out` : "";
  const of = task === "classify" ? "labels" : "labels of words";
  return `${training.length} texts of ${names.length} ${of}${held}: ${listed(names.map(printed), 12)}`;
}
