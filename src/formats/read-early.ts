import { FormatError } from "./format-error.ts";
import { checkRange, extrasOf, type FileHead, type FileSource, readHead, readWhole, tooLarge } from "./source.ts";

/** What to read from a source ahead of time. */
interface EarlyReads {
  /** Files to read whole, with the largest accepted size in bytes. */
  readonly whole: Readonly<Record<string, number>>;
  /** Files whose first bytes are read, with their number. */
  readonly heads: Readonly<Record<string, number>>;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** The values of `read` for each entry, all begun at once; a failure is thrown where the value is used. */
function begun<T>(entries: Readonly<Record<string, number>>, read: (file: string, limit: number) => Promise<T>) {
  const all = new Map(Object.entries(entries).map(([file, limit]) => [file, read(file, limit)]));
  for (const promise of all.values()) promise.catch(() => undefined);
  return all;
}

/**
 * The source with some files requested immediately, each at most once: for files that are known to be needed, over a
 * connection where each request costs a round trip.
 */
export function readEarly(source: FileSource, reads: EarlyReads): FileSource {
  const whole = begun<Bytes | undefined>(reads.whole, (file, limit) => readWhole(source, file, limit));
  const heads = begun<FileHead | undefined>(reads.heads, (file, count) => readHead(source, file, count));

  /** The bytes of a file that is read early, or undefined for any other. Throws `FormatError` if it is missing. */
  async function known(file: string): Promise<Bytes | undefined> {
    if (!whole.has(file)) return undefined;
    const bytes = await whole.get(file);
    if (bytes) return bytes;
    await source.size(file); // throws, with what the source knows of the file's absence
    throw new FormatError(file, `there is no such file in ${source.name}`);
  }

  return {
    ...extrasOf(source),
    name: source.name,
    has: async (file, options) => (whole.has(file) ? (await whole.get(file)) !== undefined : source.has(file, options)),
    size: async (file, options) => (await known(file))?.length ?? source.size(file, options),
    read: async (file, begin, end, options) => {
      const bytes = await known(file);
      if (!bytes) return source.read(file, begin, end, options);
      checkRange(file, begin, end, bytes.length);
      return bytes.slice(begin, end);
    },
    readWhole: async (file, limit, options) => {
      if (!whole.has(file)) return readWhole(source, file, limit, options);
      const bytes = await whole.get(file);
      if (bytes && bytes.length > limit) throw tooLarge(file, limit, bytes.length);
      return bytes;
    },
    readHead: async (file, count, options) => {
      if (!heads.has(file) || reads.heads[file] !== count) return readHead(source, file, count, options);
      return heads.get(file);
    },
  };
}
