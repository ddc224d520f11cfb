import { openFiles } from "./files.ts";
import { extrasOf, type FileSource, readHead, readWhole } from "./source.ts";

/** A source with these files, as texts or bytes, in place of its own of their names. */
export function withFiles(
  source: FileSource,
  files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>,
): FileSource {
  const blobs = Object.entries(files).map(([name, content]) => [name, new Blob([content])] as const);
  const own = openFiles(Object.fromEntries(blobs), source.name);
  const of = (file: string) => (Object.hasOwn(files, file) ? own : source);
  const { prepare, kept, ...facts } = extrasOf(source);
  return {
    ...facts,
    name: source.name,
    has: (file, options) => of(file).has(file, options),
    size: (file, options) => of(file).size(file, options),
    read: (file, begin, end, options) => of(file).read(file, begin, end, options),
    readWhole: (file, limit, options) => readWhole(of(file), file, limit, options),
    readHead: (file, count, options) => readHead(of(file), file, count, options),
    ...(prepare
      ? {
          prepare: (names, options) =>
            prepare(
              names.filter((one) => of(one) === source),
              options,
            ),
        }
      : {}),
    ...(kept
      ? { kept: async (file, options) => (of(file) === source ? kept(file, options) : of(file).size(file)) }
      : {}),
  };
}
