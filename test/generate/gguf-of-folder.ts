import { type ToGgufOptions, toGguf } from "../../src/convert/to-gguf.ts";
import { openFolder } from "../../src/formats/folder.ts";

/** The GGUF file of a folder. */
export async function ggufOfFolder(folder: string, options: ToGgufOptions): Promise<Uint8Array<ArrayBuffer>> {
  const writing = await toGguf(await openFolder(folder), options);
  const file = new Uint8Array(writing.bytes);
  let at = 0;
  for await (const piece of writing.pieces()) {
    file.set(piece, at);
    at += piece.length;
  }
  if (at !== writing.bytes) throw new Error(`${folder}: ${at} bytes were written, but ${writing.bytes} announced`);
  return file;
}
