import { type ToGgufOptions, toGguf } from "../../../src/convert/to-gguf.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import type { FileSource } from "../../../src/formats/source.ts";

/** The bytes of what is written in pieces. */
export async function written(writing: {
  readonly bytes: number;
  readonly pieces: () => AsyncGenerator<Uint8Array>;
}): Promise<Uint8Array<ArrayBuffer>> {
  const file = new Uint8Array(writing.bytes);
  let at = 0;
  for await (const piece of writing.pieces()) {
    file.set(piece, at);
    at += piece.length;
  }
  if (at !== writing.bytes) throw new Error(`${at} bytes were written, but ${writing.bytes} announced`);
  return file;
}

/** The GGUF file of a folder. */
export async function ggufOfFolder(
  folder: string | FileSource,
  options: ToGgufOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  return await written(await toGguf(typeof folder === "string" ? await openFolder(folder) : folder, options));
}
