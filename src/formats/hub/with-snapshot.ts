import { extrasOf, type FileSource, readHead, readWhole } from "../source.ts";
import type { Listing } from "./listing.ts";

/**
 * A repository of which some files are in another cache already: those of the size that the hub states are read there,
 * the others from `source`.
 */
export function withSnapshot(source: FileSource, snapshot: FileSource, listing: Listing): FileSource {
  const there = new Map<string, Promise<boolean>>();
  const isThere = (file: string): Promise<boolean> => {
    const known = there.get(file);
    if (known) return known;
    const size = listing.files.get(file)?.size;
    const found = snapshot.size(file).then(
      (bytes) => bytes === size,
      () => false,
    );
    there.set(file, found);
    return found;
  };
  const of = async (file: string) => ((await isThere(file)) ? snapshot : source);
  const { prepare, kept } = extrasOf(source);
  return {
    ...extrasOf(source),
    name: source.name,
    has: async (file, options) => (await of(file)).has(file, options),
    size: async (file, options) => (await of(file)).size(file, options),
    read: async (file, begin, end, options) => (await of(file)).read(file, begin, end, options),
    readWhole: async (file, limit, options) => readWhole(await of(file), file, limit, options),
    readHead: async (file, count, options) => readHead(await of(file), file, count, options),
    kept: async (file, options) =>
      (await isThere(file)) ? await snapshot.size(file) : ((await kept?.(file, options)) ?? 0),
    prepare: async (files, options) => {
      const own = await Promise.all(files.map(async (file) => ((await isThere(file)) ? [] : [file])));
      if (own.flat().length > 0) await prepare?.(own.flat(), options);
    },
  };
}
