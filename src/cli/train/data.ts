import { open } from "node:fs/promises";
import type { Progress } from "../../formats/load-progress.ts";
import { readDocuments, splitHeldOut, type TrainingDocument } from "../../train/data/documents.ts";
import { type TokenDocuments, type TokeniseOptions, tokenise } from "../../train/data/tokens.ts";
import { withProgress } from "../progress.ts";

/** Maximum bytes of a file of documents: the limit of V8's strings. */
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

/** Documents to train on, by file, and held-out ones. */
export interface Documents {
  readonly training: readonly (readonly TrainingDocument[])[];
  readonly heldOut: readonly TrainingDocument[];
}

/** How files are read, and what to do where none of their documents can be held out. */
interface Reading {
  readonly read: (file: string, bytes: Uint8Array) => readonly TrainingDocument[];
  readonly instead: string;
}

const asDocuments: Reading = {
  read: readDocuments,
  instead: "name a file with --val, or separate documents by lines <|endoftext|>",
};

/** Reads files of documents. Held out are those in the files for it, or a share of all. */
export async function readDocumentFiles(
  files: readonly string[],
  { val = [], heldOut = 0 }: { readonly val?: readonly string[] | undefined; readonly heldOut?: number | undefined },
  { read: parse, instead }: Reading = asDocuments,
): Promise<Documents> {
  const read = async (names: readonly string[]) => {
    const found: (readonly TrainingDocument[])[] = [];
    for (const name of names) found.push(parse(name, await readBytes(name)));
    return found;
  };
  const all = await read(files);
  if (val.length > 0) return { training: all, heldOut: (await read(val)).flat() };
  const split = all.map((documents) => splitHeldOut(documents, heldOut));
  const given = { training: split.map(({ training }) => training), heldOut: split.flatMap((one) => one.heldOut) };
  if (heldOut > 0 && given.heldOut.length === 0) {
    const count = all.flat().length;
    throw new Error(
      `--held-out ${heldOut}: of ${count} ${count === 1 ? "document" : "documents"} none is held out; ${instead}`,
    );
  }
  const empty = given.training.findIndex((documents) => documents.length === 0);
  if (empty >= 0) throw new Error(`--held-out ${heldOut}: all documents of ${files[empty]} are held out; ${instead}`);
  return given;
}

/** The tokens of documents. */
interface Tokens {
  /** By file. */
  readonly training: readonly TokenDocuments[];
  readonly heldOut: TokenDocuments | undefined;
}

/** Encodes documents under a progress bar. */
export async function tokeniseAll(
  { training, heldOut }: Documents,
  given: Pick<TokeniseOptions, "tokenizer" | "template" | "vocabulary">,
  quiet: boolean,
): Promise<Tokens> {
  return await withProgress("tokens  ", quiet, async (report) => {
    const total = training.flat().length;
    const tokens: TokenDocuments[] = [];
    let before = 0;
    for (const documents of training) {
      const onProgress = ({ done }: Progress) => report({ done: before + done, total });
      tokens.push(await tokenise(documents, { ...given, onProgress }));
      before += documents.length;
    }
    return {
      training: tokens,
      heldOut: heldOut.length > 0 ? await tokenise(heldOut, given) : undefined,
    };
  });
}
