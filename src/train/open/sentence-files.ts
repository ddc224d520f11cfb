// Folders of sentence-transformers: how texts become vectors.
import { readModules, readSentence } from "../../encode/modules.ts";
import { FormatError } from "../../formats/format-error.ts";
import { readText } from "../../formats/read-text.ts";
import type { FileSource } from "../../formats/source.ts";
import type { EncoderConfig } from "../../models/encoders/config.ts";
import type { ContrastivePooling } from "../objectives/encoder.ts";

/** How a folder pools the states of a text's tokens, and the files that say so. */
interface SentenceFiles {
  readonly pooling: ContrastivePooling;
  readonly files: Readonly<Record<string, string>>;
}

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

/** The files of a folder that has none: the mean of all tokens, scaled to length 1. */
const freshFiles = ({ width, context }: EncoderConfig): Readonly<Record<string, string>> => ({
  "modules.json": json(
    [
      ["", "Transformer"],
      ["1_Pooling", "Pooling"],
      ["2_Normalize", "Normalize"],
    ].map(([path, name], idx) => ({ idx, name: String(idx), path, type: `sentence_transformers.models.${name}` })),
  ),
  "1_Pooling/config.json": json({ word_embedding_dimension: width, pooling_mode_mean_tokens: true }),
  "sentence_bert_config.json": json({ max_seq_length: context, do_lower_case: false }),
});

/** Files of a sentence-transformers folder that are kept, if they are there. */
const kept = ["sentence_bert_config.json", "config_sentence_transformers.json"];

/**
 * The pooling of a folder: as its list of modules says, or the mean.
 *
 * @throws FormatError for a folder whose model is in a subfolder, with layers after pooling, several poolings, or one
 * other than the mean and the first token.
 */
export async function sentenceFiles(source: FileSource, config: EncoderConfig): Promise<SentenceFiles> {
  const modules = await readModules(source);
  if (!modules) return { pooling: "mean", files: freshFiles(config) };
  const fail = (problem: string): never => {
    throw new FormatError("modules.json", `${problem}, which contrastive training does not support`);
  };
  const { transformer, pooling, sparse, steps, lowerCase } = await readSentence(source, modules, config.architecture);
  if (transformer !== "") fail(`has its model in ${transformer}`);
  if (sparse !== undefined) fail("makes sparse vectors");
  if (steps.some(({ kind }) => kind === "dense")) fail("has a dense layer after pooling");
  if (lowerCase) fail("has texts lower-cased outside the tokenizer");
  const [mode, ...others] = pooling;
  if (others.length > 0 || (mode !== "mean" && mode !== "cls")) return fail(`pools by ${pooling.join(" and ")}`);
  const files: Record<string, string> = { "modules.json": await readText(source, "modules.json") };
  const path = modules[1]?.path ?? "";
  for (const name of [...kept, `${path}/config.json`])
    if (await source.has(name)) files[name] = await readText(source, name);
  return { pooling: mode, files };
}
