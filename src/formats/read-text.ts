import { FormatError, type FormatErrorOptions } from "./format-error.ts";
import { parseJson } from "./json/strict-json.ts";
import { type FileSource, readWhole } from "./source.ts";

/** Options of {@link readText} and {@link readJson}. */
interface ReadTextOptions {
  /** The largest file accepted, in bytes; 128 MiB (the largest tokenizer files in use are about 40 MB). */
  readonly limit?: number;
  /** The word `Infinity` is a number in JSON, as Python writes it. */
  readonly infinity?: boolean;
}

const TEXT_LIMIT = 128 * 2 ** 20;

/**
 * Decodes UTF-8 strictly.
 *
 * @param ignoreBOM true keeps a byte order mark as a character, false drops it.
 * @throws FormatError naming the file and the offset of the first bad byte.
 */
export function decodeUtf8(file: string, bytes: Uint8Array, ignoreBOM: boolean, field?: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM }).decode(bytes);
  } catch (cause) {
    // The longest prefix that decodes ends at the bad byte; `stream` accepts a character cut off by the end.
    let good = 0;
    let bad = bytes.length + 1;
    while (bad - good > 1) {
      const middle = Math.floor((good + bad) / 2);
      try {
        new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
        good = middle;
      } catch {
        bad = middle;
      }
    }
    const where = good === bytes.length ? "it ends inside a character" : `byte ${good} is wrong`;
    const options: FormatErrorOptions = field === undefined ? { cause } : { field, cause };
    throw new FormatError(file, `is not valid UTF-8: ${where}`, options);
  }
}

/** The error for a missing file; preferably the source's own, which knows more. */
export async function missingFile(source: FileSource, file: string): Promise<FormatError> {
  await source.size(file);
  return new FormatError(file, `there is no such file in ${source.name}`);
}

/**
 * Reads a text file whole, as strict UTF-8 (a byte order mark at the front is dropped), or returns undefined where
 * there is no such file.
 *
 * @throws FormatError if the file is larger than the limit or not UTF-8.
 */
export async function readTextIfPresent(
  source: FileSource,
  file: string,
  { limit = TEXT_LIMIT }: ReadTextOptions = {},
): Promise<string | undefined> {
  const bytes = await readWhole(source, file, limit);
  return bytes && decodeUtf8(file, bytes, false);
}

/**
 * Reads a text file whole, as strict UTF-8 (a byte order mark at the front is dropped).
 *
 * @throws FormatError if the file is missing, larger than the limit or not UTF-8.
 */
export async function readText(source: FileSource, file: string, options: ReadTextOptions = {}): Promise<string> {
  const text = await readTextIfPresent(source, file, options);
  if (text === undefined) throw await missingFile(source, file);
  return text;
}

/**
 * Reads a JSON file whole. The value is not validated: the caller checks it.
 *
 * @throws FormatError as {@link readText} does, and for JSON that is invalid or has a key twice, with line and column.
 */
export async function readJson(source: FileSource, file: string, options: ReadTextOptions = {}): Promise<unknown> {
  const text = await readText(source, file, options);
  if (text.startsWith("version "))
    (await import("./lfs-pointer.ts")).assertNoPointer(file, new TextEncoder().encode(text));
  return parseJson(file, text, options.infinity);
}
