import { toGguf } from "../../src/convert/to-gguf.ts";
import { openFolder } from "../../src/formats/folder.ts";
import type { DType } from "../../src/tensor/formats.ts";

/** The GGUF file of a folder, with its matrices in a format. */
export async function ggufOfFolder(folder: string, dtype: DType): Promise<Uint8Array<ArrayBuffer>> {
  const writing = await toGguf(await openFolder(folder), { formatOf: () => dtype, fileType: dtype.toUpperCase() });
  const file = new Uint8Array(writing.bytes);
  let at = 0;
  for await (const piece of writing.pieces()) {
    file.set(piece, at);
    at += piece.length;
  }
  if (at !== writing.bytes) throw new Error(`${folder}: ${at} bytes were written, but ${writing.bytes} announced`);
  return file;
}
