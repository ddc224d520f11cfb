import { FormatError, type FormatErrorOptions } from "./format-error.ts";
import { parseStrictJson } from "./strict-json.ts";

/**
 * Where a model's files are read from: a folder, a URL, or files that the visitor chose.
 *
 * `file` is a name relative to the source, with `/` between folders. `size` and `read` throw `FormatError` for a file
 * that is missing; `read` returns exactly the bytes `[begin, end)` or throws.
 */
export interface FileSource {
  /** The path or URL, for messages. */
  readonly name: string;
  has(file: string): Promise<boolean>;
  size(file: string): Promise<number>;
  read(file: string, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Options of {@link readText} and {@link readJson}. */
export interface ReadTextOptions {
  /** The largest file accepted, in bytes; 128 MiB (the largest tokenizer files in use are about 40 MB). */
  readonly limit?: number;
}

const TEXT_LIMIT = 128 * 2 ** 20;

/**
 * Rejects file names that could leave their source: absolute paths, `..`, backslashes, drive letters, NUL.
 *
 * @throws FormatError naming the file.
 */
export function checkRelative(file: string): void {
  const plain = file.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (!plain || /[\\:\0]/.test(file)) {
    throw new FormatError(file || '""', "is not a plain relative file name");
  }
}

/**
 * Rejects byte ranges that are not inside a file of `size` bytes.
 *
 * @throws FormatError naming the file, the range and the size.
 */
export function checkRange(file: string, begin: number, end: number, size: number): void {
  if (Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && begin <= end && end <= size) return;
  throw new FormatError(file, `bytes ${begin} to ${end} were asked for, but the file has ${size} bytes`);
}

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

/**
 * Reads a text file whole, as strict UTF-8 (a byte order mark at the front is dropped).
 *
 * @throws FormatError if the file is missing, larger than the limit or not UTF-8.
 */
export async function readText(source: FileSource, file: string, options: ReadTextOptions = {}): Promise<string> {
  const limit = options.limit ?? TEXT_LIMIT;
  const size = await source.size(file);
  if (size > limit) throw new FormatError(file, `has ${size} bytes, expected a text file of at most ${limit}`);
  return decodeUtf8(file, await source.read(file, 0, size), false);
}

/**
 * Reads a JSON file whole. The value is not validated: the caller checks it.
 *
 * @throws FormatError as {@link readText} does, and for invalid JSON, with line, column and the problem.
 */
export async function readJson(source: FileSource, file: string, options: ReadTextOptions = {}): Promise<unknown> {
  const text = await readText(source, file, options);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Engines differ in whether and how they report the position, so the strict parser finds it.
    parseStrictJson(file, text);
    throw new FormatError(file, `is not valid JSON: ${String(cause)}`, { cause });
  }
}
