import { unlessAborted } from "../options/abort.ts";
import { FormatError } from "./format-error.ts";

/** Options of a source's functions. A source may ignore them. */
export interface ReadOptions {
  /** Ends the call, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where a model's files are read from: a folder, a URL, or files that the visitor chose.
 *
 * `file` is a name relative to the source, with `/` between folders. `size` and `read` throw `FormatError` for a file
 * that is missing; `read` returns exactly the bytes `[begin, end)` or throws. The functions are called concurrently.
 */
export interface FileSource {
  /** The path or URL, for messages. */
  readonly name: string;
  has(file: string, options?: ReadOptions): Promise<boolean>;
  /** With `limit`, a file of more bytes may be an error. */
  size(file: string, options?: ReadOptions & { readonly limit?: number }): Promise<number>;
  /** With `once`, the bytes are not read again, so a source that buffers downloads may drop them. */
  read(
    file: string,
    begin: number,
    end: number,
    options?: ReadOptions & { readonly once?: boolean },
  ): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A whole file of at most `limit` bytes, or undefined if there is no such file: for sources that need fewer requests
   * for this than for `has`, `size` and `read`.
   */
  readWhole?(file: string, limit: number, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Optional: makes files fast and safe to read, e.g. downloads them and compares them with their digests. Other files,
   * and all files without this call, are read from where they are.
   */
  prepare?(files: readonly string[], options?: ReadOptions): Promise<void>;
  /** Bytes of a file that need not be downloaded, since they are cached or local. Default none. */
  kept?(file: string, options?: ReadOptions): Promise<number>;
  /** The licence that the source states. */
  readonly license?: string | undefined;
  /** The GGUF file of the model, or the first of its parts; unset: the source is a folder of Hugging Face's files. */
  readonly gguf?: string | undefined;
  /** The first bytes of a file, at most `count`, with its size if known; undefined if there is no such file. */
  readHead?(file: string, count: number, options?: ReadOptions): Promise<FileHead | undefined>;
}

/** The first bytes of a file. */
export interface FileHead {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the whole file, if the source knows it without reading on. */
  readonly size?: number | undefined;
}

/** Bytes first read of a safetensors file: longer than most headers. */
export const headBytes = 256 << 10;

/** Bytes first read of a GGUF file. */
export const ggufHeadBytes = 1 << 20;

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

/** The source, with every call ending when `signal` aborts, even if the source ignores signals. */
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

/** The optional functions of a source, each called through `run`. */
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

/** A whole file of at most `limit` bytes, or undefined if there is no such file. */
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

/** The first bytes of a file, at most `count`, or undefined if there is no such file. */
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

/** The error for a text file larger than accepted. */
export function tooLarge(file: string, limit: number, size?: number): FormatError {
  return new FormatError(file, `has ${size ?? `more than ${limit}`} bytes, expected a text file of at most ${limit}`);
}
