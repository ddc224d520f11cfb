import { fileSize } from "../../shell/format.ts";
import { proseOf } from "./markdown.ts";
import type { SourceText } from "./passages.ts";

/** Bytes of a text file at most: thousands of pages. */
const mostBytes = 32e6;

/** Reads texts of files. Throws for one that is no text in UTF-8, with its name. */
export async function readTexts(files: readonly File[]): Promise<SourceText[]> {
  return await Promise.all(files.map(readText));
}

async function readText(file: File): Promise<SourceText> {
  const { name, size } = file;
  if (size > mostBytes)
    throw new Error(`${name} has ${fileSize(size)}, expected a text of at most ${fileSize(mostBytes)}`);
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
