import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FormatError } from "../../formats/format-error.ts";
import { parseJson } from "../../formats/json/strict-json.ts";
import type { FileSource } from "../../formats/source.ts";
import { withFiles } from "../../formats/with-files.ts";
import { readRecurrentConfig } from "../../models/recurrent/config.ts";
import { type TokenizerTraining, trainTokenizer } from "../../train/bpe/train-tokenizer.ts";
import { freshFolder, tokenizerFiles } from "../../train/initialisers/fresh-folder.ts";
import { freshParts, modelKind } from "../../train/initialisers/fresh-parts.ts";
import type { Initialiser } from "../../train/initialisers/schemes.ts";
import { freshRecurrent } from "../../train/open/recurrent.ts";
import { readTextFile } from "../read-text.ts";
import type { Preparing } from "./objectives/objective.ts";

/** The files of a tokenizer. */
const fileNames = ["tokenizer.json", "tokenizer_config.json", "target_tokenizer.json"] as const;
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

/** Special tokens of a tokenizer that is learnt for pairs, by their ids: as T5's. */
const pairMarks = ["<pad>", "</s>"] as const;
const pairTokens = { decoder_start_token_id: 0, pad_token_id: 0, eos_token_id: 1 } as const;

/** Tokens of every learnt tokenizer of a kind: those of bytes, and the special ones. */
const learnt = {
  decoder: { least: 257, are: "256 bytes and <|endoftext|>" },
  encoder: { least: 260, are: "256 bytes and 4 special tokens" },
  pairs: { least: 258, are: `256 bytes, ${pairMarks.join(" and ")}` },
} as const satisfies Record<NonNullable<TokenizerTraining["kind"]> | "pairs", object>;

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

/** A source and its target. */
interface TextPair {
  readonly source: string;
  readonly target: string;
}

/**
 * The folder of a model of pairs to train, as for `trainedSource`: an encoder-decoder, or a recurrent one. A tokenizer
 * that is learnt from pairs has tokens for the beginning and the end of targets, which the config then names; models with
 * two vocabularies get two.
 */
export async function pairSource(
  { settings, opened, resumed }: Pick<Preparing<unknown>, "settings" | "opened" | "resumed">,
  pairs: readonly TextPair[],
): Promise<FileSource> {
  const { config, tokenizer, vocabulary, initialiser, seed } = settings;
  if (opened) return opened;
  if (config === undefined) throw noModel();
  const { file, parsed } = await freshConfig(config, resumed);
  const isRecurrent = parsed["model_type"] === "gru-encoder-decoder";
  if (isRecurrent && initialiser !== undefined) {
    throw new Error("--initialiser: is for other models, recurrent ones are drawn as PyTorch draws them");
  }
  const isLearnt = resumed === undefined && tokenizer === undefined;
  const forced = isLearnt && /^(bart|marian)$/.test(String(parsed["model_type"])) ? { forced_eos_token_id: 1 } : {};
  const raw: RawConfig = { ...parsed, ...(isLearnt && pairTokens), ...forced };
  const learn = (): TokenizerFiles => {
    const learnFrom = (texts: readonly string[], rows: number) => {
      checkVocabulary(file, vocabulary, rows, learnt.pairs);
      return tokenizerFiles(trainTokenizer(texts, { vocabulary: vocabulary ?? rows, special: pairMarks }));
    };
    const [sources, targets] = [pairs.map(({ source }) => source), pairs.map(({ target }) => target)];
    const rows = isRecurrent ? readRecurrentConfig(file, raw) : freshParts(raw);
    const own = "sourceVocabulary" in rows ? rows.sourceVocabulary : undefined;
    if (own === undefined) return learnFrom([...sources, ...targets], rows.vocabulary);
    const { "tokenizer.json": ofTargets } = learnFrom(targets, rows.vocabulary);
    return { ...learnFrom(sources, own), "target_tokenizer.json": ofTargets };
  };
  const files =
    resumed !== undefined
      ? await filesIn(resumed)
      : tokenizer === undefined
        ? learn()
        : await givenTokenizer(tokenizer);
  if (isRecurrent) return withFiles(freshRecurrent(raw, { seed }), files);
  return freshFolder(raw, { seed, files, initialiser: initialiser as Initialiser | undefined });
}
