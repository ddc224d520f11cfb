import { fileSize } from "../../shell/format.ts";
import { proseOf } from "./markdown.ts";
import type { SourceText } from "./passages.ts";

/** Maximum bytes of a text file: thousands of pages. */
const maxBytes = 32e6;

/** Reads texts from files. Throws for a file that is not UTF-8 text, with its name. */
export async function readTexts(files: readonly File[]): Promise<SourceText[]> {
  return await Promise.all(files.map(readText));
}

async function readText(file: File): Promise<SourceText> {
  const { name, size } = file;
  if (size > maxBytes)
    throw new Error(`${name} has ${fileSize(size)}, expected a text of at most ${fileSize(maxBytes)}`);
  const bytes = await file.arrayBuffer();
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${name} is no text in UTF-8, expected a text file: .txt, .md or the like`);
  }
  if (text.includes("\0")) throw new Error(`${name} holds bytes of zero, expected a text file: .txt, .md or the like`);
  if (text.trim() === "") throw new Error(`${name} is empty, expected a text file`);
  return { name, text: /\.(md|markdown)$/i.test(name) ? proseOf(text) : text };
}
