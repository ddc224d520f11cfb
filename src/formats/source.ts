import { unlessAborted } from "../options/abort.ts";
import { FormatError, type FormatErrorOptions } from "./format-error.ts";
import { parseJson } from "./strict-json.ts";

/** Options of a source's functions. A source may ignore them. */
export interface ReadOptions {
  /** Ends the call, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where a model's files are read from: a folder, a URL, or files that the visitor chose.
 *
 * `file` is a name relative to the source, with `/` between folders. `size` and `read` throw `FormatError` for a file
 * that is missing; `read` returns exactly the bytes `[begin, end)` or throws. The functions are called at the same time.
 */
export interface FileSource {
  /** The path or URL, for messages. */
  readonly name: string;
  has(file: string, options?: ReadOptions): Promise<boolean>;
  /** With `limit`, a file of more bytes may be an error. */
  size(file: string, options?: ReadOptions & { readonly limit?: number }): Promise<number>;
  /** With `once`, the bytes are not read again, so that a source that keeps what it downloads may drop them. */
  read(
    file: string,
    begin: number,
    end: number,
    options?: ReadOptions & { readonly once?: boolean },
  ): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A whole file of at most `limit` bytes, or undefined where there is no such file: for sources that do this with fewer
   * requests than `has`, `size` and `read`.
   */
  readWhole?(file: string, limit: number, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Puts files where they are read fast and safely, e.g. downloads them and compares them with their digests: for
   * sources that are better read so. What is read of other files, or without it, comes from where it is.
   */
  prepare?(files: readonly string[], options?: ReadOptions): Promise<void>;
  /** Bytes of a file that need not be downloaded, since they are kept from earlier or here anyway. Default none. */
  kept?(file: string, options?: ReadOptions): Promise<number>;
  /** The licence that the source states. */
  readonly license?: string | undefined;
  /** The GGUF file that the model is in, the first of its parts; unset: the source is a folder of Hugging Face's files. */
  readonly gguf?: string | undefined;
  /** The first bytes of a file, at most `count`, with its size where it is known; undefined where there is no such file. */
  readHead?(file: string, count: number, options?: ReadOptions): Promise<FileHead | undefined>;
}

/** The first bytes of a file. */
export interface FileHead {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the whole file, where the source knows it without reading on. */
  readonly size?: number | undefined;
}

/** Bytes that are read of a GGUF file at first. */
export const ggufHeadBytes = 1 << 20;

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

/** The source, each of whose calls ends when `signal` aborts, even one of a source that ignores signals. */
export function withSignal(source: FileSource, signal: AbortSignal): FileSource {
  async function run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    return unlessAborted(call(signal), signal);
  }
  return {
    name: source.name,
    has: (file) => run((signal) => source.has(file, { signal })),
    size: (file, options) => run((signal) => source.size(file, { ...options, signal })),
    read: (file, begin, end, options) => run((signal) => source.read(file, begin, end, { ...options, signal })),
    readWhole: (file, limit) => run((signal) => readWhole(source, file, limit, { signal })),
    readHead: (file, count) => run((signal) => readHead(source, file, count, { signal })),
    ...extrasOf(source, run),
  };
}

/** Runs a call of a source with a signal. */
type Run = <T>(call: (signal: AbortSignal | undefined) => Promise<T>) => Promise<T>;

/** What only some sources have, each call made by `run`. */
export function extrasOf(
  source: FileSource,
  run: Run = (call) => call(undefined),
): Pick<FileSource, "prepare" | "kept" | "license" | "gguf"> {
  const { license, gguf } = source;
  const kept = (file: string, options?: ReadOptions) =>
    run(async (signal) => (await source.kept?.(file, { ...options, ...(signal ? { signal } : {}) })) ?? 0);
  const prepare = (files: readonly string[], options?: ReadOptions) =>
    run(async (signal) => source.prepare?.(files, { ...options, ...(signal ? { signal } : {}) }));
  return {
    ...(license === undefined ? {} : { license }),
    ...(gguf === undefined ? {} : { gguf }),
    ...(source.kept ? { kept } : {}),
    ...(source.prepare ? { prepare } : {}),
  };
}

/** A whole file of at most `limit` bytes, or undefined where there is no such file. */
export async function readWhole(
  source: FileSource,
  file: string,
  limit: number,
  options: ReadOptions = {},
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (source.readWhole) return source.readWhole(file, limit, options);
  if (!(await source.has(file, options))) return undefined;
  const size = await source.size(file, options);
  if (size > limit) throw tooLarge(file, limit, size);
  return source.read(file, 0, size, options);
}

/** The first bytes of a file, at most `count`, or undefined where there is no such file. */
export async function readHead(
  source: FileSource,
  file: string,
  count: number,
  options: ReadOptions = {},
): Promise<FileHead | undefined> {
  if (source.readHead) return source.readHead(file, count, options);
  if (!(await source.has(file, options))) return undefined;
  const size = await source.size(file, options);
  return { bytes: await source.read(file, 0, Math.min(size, count), options), size };
}

/** The error for a text file that is larger than what is accepted of it. */
export function tooLarge(file: string, limit: number, size?: number): FormatError {
  return new FormatError(file, `has ${size ?? `more than ${limit}`} bytes, expected a text file of at most ${limit}`);
}

/** The error for a file that is missing; the source's own where it has one, which knows more. */
export async function missingFile(source: FileSource, file: string): Promise<FormatError> {
  await source.size(file);
  return new FormatError(file, `there is no such file in ${source.name}`);
}

/**
 * Reads a text file whole, as strict UTF-8 (a byte order mark at the front is dropped), or returns undefined where there
 * is no such file.
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
  return parseJson(file, await readText(source, file, options));
}
