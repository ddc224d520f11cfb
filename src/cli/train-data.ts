import { open } from "node:fs/promises";
import type { Tokenizer } from "../text/tokenizer.ts";
import { readDocuments, splitHeldOut, type TrainingDocument } from "../train/data/documents.ts";
import { type TokenDocuments, tokenise } from "../train/data/tokens.ts";
import { withProgress } from "./progress.ts";

/** The most bytes of a file of documents: V8's texts end there. */
const maxBytes = 500_000_000;

async function readBytes(file: string): Promise<Uint8Array> {
  const handle = await open(file).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(
      `${file || "the empty name"}: ${cause.code === "ENOENT" ? "there is no such file" : cause.message}`,
      {
        cause,
      },
    );
  });
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw new Error(`${file}: is a folder`);
    if (stats.size > maxBytes) {
      throw new Error(`${file}: has ${stats.size} bytes, expected at most ${maxBytes} in one file: split it`);
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Documents to train on, and those that are held out. */
export interface Documents {
  readonly training: readonly TrainingDocument[];
  readonly heldOut: readonly TrainingDocument[];
}

/** Reads files of documents. Held out are those of the files for it, or a share of all. */
export async function readDocumentFiles(
  files: readonly string[],
  { val = [], heldOut = 0 }: { readonly val?: readonly string[] | undefined; readonly heldOut?: number | undefined },
): Promise<Documents> {
  const read = async (names: readonly string[]) => {
    const documents: TrainingDocument[] = [];
    for (const name of names) for (const one of readDocuments(name, await readBytes(name))) documents.push(one);
    return documents;
  };
  const all = await read(files);
  if (val.length > 0) return { training: all, heldOut: await read(val) };
  const split = splitHeldOut(all, heldOut);
  for (const [name, documents] of Object.entries(split)) {
    if (documents.length > 0 || (name === "heldOut" && heldOut === 0)) continue;
    const count = `${all.length} ${all.length === 1 ? "document" : "documents"}`;
    throw new Error(
      `--held-out ${heldOut}: of ${count} ${name === "heldOut" ? "none is held out" : "all are held out"}; name a file ` +
        "with --val, or separate documents by lines <|endoftext|>",
    );
  }
  return split;
}

/** The tokens of documents. */
export interface Tokens {
  readonly training: TokenDocuments;
  readonly heldOut: TokenDocuments | undefined;
}

/** Encodes documents under a progress bar. */
export async function tokeniseAll(
  { training, heldOut }: Documents,
  tokenizer: Tokenizer,
  vocabulary: number,
  quiet: boolean,
): Promise<Tokens> {
  return await withProgress("tokens  ", quiet, async (onProgress) => ({
    training: await tokenise(training, { tokenizer, vocabulary, onProgress }),
    heldOut: heldOut.length > 0 ? await tokenise(heldOut, { tokenizer, vocabulary }) : undefined,
  }));
}
