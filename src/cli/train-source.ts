import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openFolder } from "../formats/folder.ts";
import { FormatError } from "../formats/format-error.ts";
import { openModel as openSource } from "../formats/hub.ts";
import type { FileSource, ReadOptions } from "../formats/source.ts";
import { parseJson } from "../formats/strict-json.ts";
import { trainTokenizer } from "../train/bpe/train-tokenizer.ts";
import { freshFolder, tokenizerFiles } from "../train/initialisers/fresh-folder.ts";
import type { Initialiser } from "../train/initialisers/schemes.ts";
import { say } from "./output.ts";
import { readTextFile } from "./read-text.ts";
import type { RunSettings } from "./train-settings.ts";

/** The files of a tokenizer. */
const fileNames = ["tokenizer.json", "tokenizer_config.json"] as const;
type TokenizerFiles = Readonly<Partial<Record<(typeof fileNames)[number], string>>>;

/** The files of the tokenizer in a folder. */
async function filesIn(folder: string): Promise<TokenizerFiles> {
  const there = await Promise.all(
    fileNames.map(async (name) => (await stat(join(folder, name)).catch(() => undefined)) && name),
  );
  const names = there.filter((name) => name !== undefined);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readTextFile(join(folder, name))])),
  );
}

/** A tokenizer's files: of the name given, `tokenizer.json` or its folder. */
async function givenTokenizer(name: string): Promise<TokenizerFiles> {
  const folder = (await stat(name).catch(() => undefined))?.isDirectory() === true;
  if (folder) return await filesIn(name);
  return { ...(await filesIn(dirname(name))), "tokenizer.json": await readTextFile(name) };
}

/** Tokens that every learnt tokenizer has: those of bytes, and the one that ends a text. */
const leastTokens = 257;

/** Throws for a vocabulary that is too small to be learnt, or that the model has too few rows for. */
function checkVocabulary(file: string, vocabulary: number | undefined, rows: number): void {
  if (vocabulary !== undefined && vocabulary < leastTokens) {
    throw new Error(`--vocabulary is ${vocabulary}, expected at least ${leastTokens}: 256 bytes and <|endoftext|>`);
  }
  const [least, of] =
    vocabulary === undefined
      ? [leastTokens, "a tokenizer that is learnt has 256 bytes and <|endoftext|>; --tokenizer names another"]
      : [vocabulary, "from --vocabulary"];
  if (rows < least) {
    throw new FormatError(file, `is ${rows}, expected at least ${least} (${of})`, { field: "vocab_size" });
  }
}

/**
 * The folder of the model to train: the one that is named, or a fresh one of a config, with the tokenizer given, or learnt
 * from the texts. A run that is resumed has both in its folder.
 */
export async function trainedSource(
  { model, config, tokenizer, vocabulary, initialiser, seed }: RunSettings,
  texts: () => readonly string[],
  resumed: string | undefined,
): Promise<FileSource> {
  if (model !== undefined) {
    if (model === "") throw new Error("--model: the name of the folder is empty");
    return await openSource(model, { onWarning: say });
  }
  if (config === undefined) throw new Error("train: expected --model, a model to go on with, or --config, a fresh one");
  const file = resumed === undefined ? config : join(resumed, "config.json");
  const parsed = parseJson(file, await readTextFile(file)) as Readonly<Record<string, unknown>>;
  const rows = Number(parsed["vocab_size"]);
  const learn = () => {
    const given = texts();
    // Without texts there is nothing to learn, and nothing to encode; what is wrong with rows, their reader says.
    if (given.length === 0 || !Number.isSafeInteger(rows)) return {};
    checkVocabulary(file, vocabulary, rows);
    return tokenizerFiles(trainTokenizer(given, { vocabulary: vocabulary ?? rows }));
  };
  const files =
    resumed !== undefined
      ? await filesIn(resumed)
      : tokenizer === undefined
        ? learn()
        : await givenTokenizer(tokenizer);
  return freshFolder(parsed, { seed, files, initialiser: initialiser as Initialiser | undefined });
}

/** A source with this chat template in place of its own. */
export function withChatTemplate(source: FileSource, template: string): FileSource {
  const name = "chat_template.jinja";
  const bytes = new TextEncoder().encode(template);
  const { readWhole } = source;
  return {
    ...source,
    has: async (file, options) => file === name || (await source.has(file, options)),
    size: async (file, options) => (file === name ? bytes.length : await source.size(file, options)),
    read: async (file, begin, end, options) =>
      file === name ? bytes.slice(begin, end) : await source.read(file, begin, end, options),
    ...(readWhole && {
      readWhole: async (file: string, limit: number, options?: ReadOptions) =>
        file === name ? bytes.slice() : await readWhole(file, limit, options),
    }),
  };
}

/** The folder of a run that is resumed. */
export const openOut = (out: string): Promise<FileSource> => openFolder(out);
