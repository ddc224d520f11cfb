import { FormatError } from "../formats/format-error.ts";
import { readJson } from "../formats/read-text.ts";
import { type FileSource, readWhole } from "../formats/source.ts";
import type { ModelFiles } from "../generate/load/model-files.ts";
import { loadTokenizer, type Tokenizer } from "../text/tokenizer.ts";

/** The tokenizers of an encoder-decoder: of its sources, and of what it generates. */
export interface SequenceTokenizers {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

/** The tokenizer of generated text, if it differs; named after Marian's `target_vocab.json`. */
const targetFile = "target_tokenizer.json";

/** Largest SentencePiece model accepted, in bytes. */
const pieceLimit = 128 * 2 ** 20;

/**
 * Reads them: `tokenizer.json` is both, unless `target_tokenizer.json` exists. Without them, Marian's own files:
 * `source.spm`, `target.spm` and `vocab.json`, with `target_vocab.json` if the target has separate ids. Throws
 * `FormatError` or `TextError`, with the file, for missing or invalid ones.
 */
export async function readTokenizers(
  files: ModelFiles,
  source: FileSource,
  { ownSource = false }: { readonly ownSource?: boolean | undefined },
): Promise<SequenceTokenizers> {
  if (!(await source.has("tokenizer.json")) && (await source.has("source.spm"))) {
    return await readMarian(files, source, ownSource);
  }
  const own = await files.tokenizer();
  if (await source.has(targetFile)) {
    const settings = await files.tokenizerConfig();
    return { source: own, target: await loadTokenizer(await readJson(source, targetFile), settings) };
  }
  if (ownSource) {
    const why = "the encoder and the decoder have vocabularies of their own, and tokenizer.json is the encoder's";
    throw new FormatError(targetFile, `is missing: ${why}; where both are the same, a copy of it would do`);
  }
  return { source: own, target: own };
}

async function readMarian(files: ModelFiles, source: FileSource, ownSource: boolean): Promise<SequenceTokenizers> {
  // Loaded on demand, with the tokenizer library.
  const [{ createMarianTokenizer }, { readSentencePiece }] = await Promise.all([
    import("../text/marian-tokenizer.ts"),
    import("../text/sentencepiece.ts"),
  ]);
  const settings = await files.tokenizerConfig();
  const made = async (pieces: string, vocabulary: string) => {
    const bytes = await readWhole(source, pieces, pieceLimit);
    if (!bytes) throw new FormatError(pieces, "is missing: Marian has source.spm, target.spm and vocab.json");
    const ids = await readJson(source, vocabulary);
    return createMarianTokenizer(readSentencePiece(bytes, pieces), ids, settings, { pieces, vocabulary });
  };
  return {
    source: await made("source.spm", "vocab.json"),
    target: await made("target.spm", ownSource ? "target_vocab.json" : "vocab.json"),
  };
}
