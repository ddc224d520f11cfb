import { FormatError } from "../../src/formats/format-error.ts";
import type { FileSource } from "../../src/formats/source.ts";

/**
 * A source over bytes in memory, for tests that open thousands of files; it hands out unaligned views on purpose.
 * `onRead` is called with how many bytes are read.
 */
export function memorySource(
  files: Readonly<Record<string, Uint8Array>>,
  onRead?: (bytes: number) => void,
): FileSource {
  const of = (file: string): Uint8Array => {
    const bytes = files[file];
    if (bytes === undefined) throw new FormatError(file, "there is no such file");
    return bytes;
  };
  return {
    name: "memory",
    has: async (file) => Object.hasOwn(files, file),
    size: async (file) => of(file).length,
    read: async (file, begin, end) => {
      if (begin < 0 || begin > end || end > of(file).length) throw new Error(`read of ${begin} to ${end}`);
      onRead?.(end - begin);
      const shifted = new Uint8Array(new ArrayBuffer(end - begin + 1), 1);
      shifted.set(of(file).subarray(begin, end));
      return shifted;
    },
  };
}
