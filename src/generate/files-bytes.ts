import type { FileSource } from "../formats/source.ts";

/** The bytes of all files of a source, and of those what need not be downloaded. Files that are not there count as none. */
export async function filesBytes(source: FileSource, files: Iterable<string>) {
  const sizes = await Promise.all(
    [...files].map(async (file) => {
      if (!(await source.has(file))) return [0, 0] as const;
      return [await source.size(file), (await source.kept?.(file)) ?? 0] as const;
    }),
  );
  const sum = (of: 0 | 1) => sizes.reduce((total, one) => total + one[of], 0);
  return { downloadBytes: sum(0), cachedBytes: sum(1) };
}
