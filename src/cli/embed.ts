import { Command } from "commander";
import { cosineTable } from "./cosines.ts";
import { addEncoderOptions, type EncoderFlags } from "./model-options.ts";
import { openEncoder } from "./open-encoder.ts";
import { print, printJson, say } from "./output.ts";
import { withProgress } from "./progress.ts";
import { readTextFile } from "./read-text.ts";
import { fill, lineColumns, tableColumns } from "./terminal.ts";

interface EmbedFlags extends EncoderFlags {
  readonly file?: string;
  readonly promptName?: string;
}

/** `shaderformer embed`: vectors of texts. */
export function embedCommand(): Command {
  const command = new Command("embed")
    .description("Make a vector of each text, and show how near the texts are to one another.")
    .argument("[text...]", "texts")
    .optionsGroup("Texts:")
    .option("--file <file>", "a UTF-8 file with a text a line; empty lines are left out")
    .option("--prompt-name <name>", "the prompt of the model that is put before each text, such as query");
  return addEncoderOptions(command).action(embedTexts);
}

/** The texts of the arguments, or of a file. */
async function textsOf(given: readonly string[], file: string | undefined): Promise<readonly string[]> {
  if (file === undefined) {
    if (given.length === 0) throw new Error("there is no text: expected texts, or --file with a text a line");
    return given;
  }
  if (given.length > 0) throw new Error("there are texts and --file, expected one of them");
  const lines = (await readTextFile(file)).split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new Error(`${file}: has no line with a text`);
  return lines;
}

async function embedTexts(given: readonly string[], flags: EmbedFlags): Promise<void> {
  const { json = false, file, promptName } = flags;
  const texts = await textsOf(given, file);
  using opened = await openEncoder(flags);
  const { encoder } = opened;
  const start = performance.now();
  const { embeddings, tokens } = await withProgress("embedding ", json, (onProgress) =>
    encoder.embed(texts, { onProgress, ...(promptName === undefined ? {} : { promptName }) }),
  );
  const seconds = (performance.now() - start) / 1000;
  if (json) {
    await printJson({ embeddings: embeddings.map((row) => Array.from(row)), tokens });
    return;
  }
  await print(cosineTable(texts, embeddings, tableColumns()));
  const total = tokens.reduce((sum, count) => sum + count, 0);
  const counts = `${texts.length} ${texts.length === 1 ? "text" : "texts"} of ${total} tokens`;
  const made = `${encoder.embedding.pooling.join(" + ")}, ${encoder.embedding.width} elements`;
  say(fill([encoder.gpu.adapter.label, counts, made, `${seconds.toFixed(2)} s`], " · ", lineColumns()));
}
