import { stat } from "node:fs/promises";
import { Command } from "commander";
import { storedNumbers } from "../convert/stored-numbers.ts";
import { FormatError, printed, shortened } from "../formats/format-error.ts";
import { openModel } from "../formats/hub.ts";
import { readJson } from "../formats/read-text.ts";
import { openWeights } from "../formats/weights.ts";
import { analogy, type NearestWord, nearestWords } from "../models/word-models/nearest-words.ts";
import { readWords } from "../models/word-models/word-list.ts";
import { readWordVectorsConfig, vectorsToKeep } from "../models/word-models/word-vectors.ts";
import { type NamedVectors, readWord2vec, word2vecLines } from "../models/word-models/word2vec-text.ts";
import { nearNames } from "../options/near-names.ts";
import { positive } from "./arguments.ts";
import { assertWritable, print, printJson, say } from "./output.ts";
import { readTextFile } from "./read-text.ts";
import { writeWhole } from "./write-whole.ts";

interface NearestFlags {
  readonly model: string;
  readonly analogy?: readonly string[];
  readonly top: number;
  readonly export?: string;
  readonly json?: boolean;
}

/** `shaderformer nearest`: words by their vectors. */
export const nearestCommand = (): Command =>
  new Command("nearest")
    .usage("--model <model> [word] [options]")
    .description("Find the words whose vectors are nearest to a word's, or that complete an analogy.")
    .argument("[word]", "a word of the model")
    .optionsGroup("Model:")
    .requiredOption(
      "-m, --model <model>",
      "a folder of train --objective skip-gram, the URL of one, a repository, or a file in word2vec's text format",
    )
    .optionsGroup("Words:")
    .option("--analogy <words...>", "three words in place of one: a is to b as c is to the words found")
    .option("--top <n>", "number of words", positive, 10)
    .optionsGroup("Output:")
    .option("--export <file>", "write all vectors in word2vec's text format")
    .option("--json", "print only one JSON object")
    .action(nearest);

async function nearest(word: string | undefined, flags: NearestFlags): Promise<void> {
  const { model, analogy: three, top, export: file, json = false } = flags;
  if (word !== undefined && three) throw new Error(`there are ${printed(word)} and --analogy, expected one of them`);
  if (three && three.length !== 3) {
    throw new Error(`--analogy: has ${three.length} words, expected three: a is to b as c is to …`);
  }
  if (word === undefined && !three && file === undefined) {
    throw new Error("there is no word: expected one, --analogy A B C, or --export FILE");
  }
  if (file !== undefined) await assertWritable("--export", file);
  const named = await readVectors(model);
  const { words, vectors } = named;
  const known = new Map(words.map((one, id) => [one, id]));
  const idOf = (one: string): number => {
    const id = known.get(one);
    if (id !== undefined) return id;
    const near = nearNames(one, words);
    const similar = near.length === 0 ? "" : `; similar ones are ${near.map(printed).join(", ")}`;
    throw new Error(`${printed(shortened(one, 60))} is not among the ${words.length} words of ${model}${similar}`);
  };
  const found = find({ word, three }, vectors, idOf, top);
  if (file !== undefined) await exportTo(file, named);
  if (found) await show(found, words, json);
  else if (json) await printJson({ file, words: words.length, width: vectors[0]?.length ?? 0 });
  else await print(`${file}: ${words.length} words\n`);
}

/** What is asked: the neighbours of a word, the fourth words of an analogy, or neither. */
interface Asked {
  readonly word: string | undefined;
  readonly three: readonly string[] | undefined;
}

function find(
  { word, three }: Asked,
  vectors: readonly Float32Array[],
  idOf: (word: string) => number,
  top: number,
): readonly NearestWord[] | undefined {
  if (three) {
    const [a = 0, b = 0, c = 0] = three.map(idOf);
    return analogy(vectors, a, b, c, { top });
  }
  return word === undefined ? undefined : nearestWords(vectors, idOf(word), { top });
}

async function show(found: readonly NearestWord[], words: readonly string[], json: boolean): Promise<void> {
  const named = found.map(({ word, cosine }) => ({ word: words[word] ?? "", cosine }));
  if (json) await printJson({ nearest: named });
  else await print(named.map(({ word, cosine }) => `${cosine.toFixed(3).padStart(6)}  ${printed(word)}\n`).join(""));
}

/** Reads a folder, or a file in word2vec's text format. */
async function readVectors(model: string): Promise<NamedVectors> {
  if ((await stat(model).catch(() => undefined))?.isFile() || model.endsWith(".txt")) {
    return readWord2vec(model, await readTextFile(model));
  }
  const source = await openModel(model, { onWarning: say });
  const raw = await readJson(source, "config.json");
  const type = (raw as { readonly model_type?: unknown } | null)?.model_type;
  if (type !== "skip-gram") {
    const is = `is ${printed(shortened(JSON.stringify(type) ?? "missing", 60))}`;
    throw new FormatError(source.name, `${is}, expected skip-gram: word vectors`, { field: "config.json model_type" });
  }
  const { vocabulary, width } = readWordVectorsConfig("config.json", raw);
  const words = readWords("tokenizer.json", await readJson(source, "tokenizer.json"), vocabulary);
  const weights = await openWeights(source);
  const read = async (name: string) => {
    const tensor = weights.get(name, [vocabulary, width]);
    return storedNumbers(tensor, await weights.read(tensor, 0, tensor.end - tensor.begin));
  };
  const all = vectorsToKeep(await read("input.weight"), await read("output.weight"));
  return { words, vectors: words.map((_, id) => all.subarray(id * width, (id + 1) * width)) };
}

async function exportTo(file: string, named: NamedVectors): Promise<void> {
  const encoder = new TextEncoder();
  async function* pieces() {
    for (const line of word2vecLines(named)) yield encoder.encode(line);
  }
  await writeWhole(file, { bytes: Number.NaN, pieces }, true);
}
