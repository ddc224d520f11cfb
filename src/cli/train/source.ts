import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FormatError } from "../../formats/format-error.ts";
import { parseJson } from "../../formats/json/strict-json.ts";
import type { FileSource } from "../../formats/source.ts";
import { type TokenizerTraining, trainTokenizer } from "../../train/bpe/train-tokenizer.ts";
import { freshFolder, tokenizerFiles } from "../../train/initialisers/fresh-folder.ts";
import { modelKind } from "../../train/initialisers/fresh-parts.ts";
import type { Initialiser } from "../../train/initialisers/schemes.ts";
import { readTextFile } from "../read-text.ts";
import type { Preparing } from "./objectives/objective.ts";

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

/** A tokenizer's files: from the given `tokenizer.json` or its folder. */
async function givenTokenizer(name: string): Promise<TokenizerFiles> {
  const folder = (await stat(name).catch(() => undefined))?.isDirectory() === true;
  if (folder) return await filesIn(name);
  return { ...(await filesIn(dirname(name))), "tokenizer.json": await readTextFile(name) };
}

/** Tokens of every learnt tokenizer of a kind: those of bytes, and the special ones. */
const learnt = {
  decoder: { least: 257, are: "256 bytes and <|endoftext|>" },
  encoder: { least: 260, are: "256 bytes and 4 special tokens" },
} as const satisfies Record<NonNullable<TokenizerTraining["kind"]>, object>;

/** Throws for a vocabulary that is too small to learn, or larger than the model's. */
function checkVocabulary(
  file: string,
  vocabulary: number | undefined,
  rows: number,
  { least, are }: { readonly least: number; readonly are: string },
): void {
  if (vocabulary !== undefined && vocabulary < least) {
    throw new Error(`--vocabulary is ${vocabulary}, expected at least ${least}: ${are}`);
  }
  const [most, of] =
    vocabulary === undefined
      ? [least, `a tokenizer that is learnt has ${are}; --tokenizer names another`]
      : [vocabulary, "from --vocabulary"];
  if (rows < most) {
    throw new FormatError(file, `is ${rows}, expected at least ${most} (${of})`, { field: "vocab_size" });
  }
}

/** The error for a run without a model. */
export const noModel = () => new Error("train: expected --model, a model to go on with, or --config, a fresh one");

/** A parsed `config.json`. */
type RawConfig = Readonly<Record<string, unknown>>;

/** The config of a fresh model: the named file, or that in the folder of a resumed run. */
export async function freshConfig(config: string, resumed: string | undefined) {
  const file = resumed === undefined ? config : join(resumed, "config.json");
  return { file, parsed: parseJson(file, await readTextFile(file)) as RawConfig };
}

/**
 * The folder of the model to train: the named one, or a fresh one from a config, with a given tokenizer, or one learnt
 * from the texts. A resumed run has both in its folder.
 */
export async function trainedSource(
  { settings, opened, resumed }: Pick<Preparing<unknown>, "settings" | "opened" | "resumed">,
  texts: () => readonly string[],
  change: (config: RawConfig) => RawConfig = (config) => config,
): Promise<FileSource> {
  const { config, tokenizer, vocabulary, initialiser, seed } = settings;
  if (opened) return opened;
  if (config === undefined) throw noModel();
  const { file, parsed: named } = await freshConfig(config, resumed);
  const parsed = change(named);
  const kind = modelKind(parsed) === "encoder" ? "encoder" : "decoder";
  const rows = Number(parsed["vocab_size"]);
  const learn = () => {
    const given = texts();
    // Without texts there is nothing to learn or encode; the reader of rows reports their errors.
    if (given.length === 0 || !Number.isSafeInteger(rows)) return {};
    checkVocabulary(file, vocabulary, rows, learnt[kind]);
    return tokenizerFiles(trainTokenizer(given, { vocabulary: vocabulary ?? rows, kind }));
  };
  const files =
    resumed !== undefined
      ? await filesIn(resumed)
      : tokenizer === undefined
        ? learn()
        : await givenTokenizer(tokenizer);
  return freshFolder(parsed, { seed, files, initialiser: initialiser as Initialiser | undefined });
}
