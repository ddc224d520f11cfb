import { Command } from "commander";
import { addEncoderOptions, type EncoderFlags } from "../model/model-options.ts";
import { openEncoder } from "../model/open-encoder.ts";
import { print, printJson, say } from "../output.ts";
import { withProgress } from "../progress.ts";
import { readTextFile } from "../read-text.ts";
import { fill, lineColumns, tableColumns } from "../terminal.ts";

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
    .option("--file <file>", "a UTF-8 file with one text per line; empty lines are left out")
    .option("--prompt-name <name>", "the model's prompt to put before each text, such as query");
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

/** Nearest texts shown for each if there are too many for a table. */
const nearest = 3;
/** Columns of a number in the table, and minimum columns of a text. */
const [numberColumns, textColumns] = [7, 16];

/** A text on one line, at most so many characters. */
function shortLine(text: string, columns: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length <= columns ? line : `${characters.slice(0, Math.max(1, columns - 1)).join("")}…`;
}

/** The cosine of the angle between two vectors; 0 if one has length 0. */
function cosine(a: Float32Array, b: Float32Array): number {
  let [product, aa, bb] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? 0;
    product += x * y;
    aa += x * x;
    bb += y * y;
  }
  return product === 0 ? 0 : product / Math.sqrt(aa * bb);
}

/**
 * Formats the similarity of texts: a table of cosines, or the nearest texts of each if the table would be wider than
 * `columns`.
 */
export function cosineTable(texts: readonly string[], vectors: readonly Float32Array[], columns: number): string {
  const number = (value: number) => value.toFixed(3).padStart(numberColumns);
  const own = (i: number) => vectors[i] ?? new Float32Array();
  const digits = String(texts.length).length;
  if (texts.length * numberColumns + digits + 2 + textColumns <= columns) {
    const room = columns - texts.length * numberColumns - digits - 2;
    const head = texts.map((_, i) => String(i + 1).padStart(numberColumns)).join("");
    const rows = texts.map((text, i) => {
      const cosines = texts.map((_, j) => number(cosine(own(i), own(j)))).join("");
      return `${String(i + 1).padStart(digits)}${cosines}  ${shortLine(text, room)}`;
    });
    return `${" ".repeat(digits)}${head}\n${rows.join("\n")}\n`;
  }
  const lines = texts.map((text, i) => {
    const others = texts
      .flatMap((other, j) => (j === i ? [] : [{ other, value: cosine(own(i), own(j)) }]))
      .toSorted((a, b) => b.value - a.value)
      .slice(0, nearest)
      .map(({ other, value }) => `${number(value)}  ${shortLine(other, columns - numberColumns - 2)}`);
    return [shortLine(text, columns), ...others].join("\n");
  });
  return `${lines.join("\n")}\n`;
}
