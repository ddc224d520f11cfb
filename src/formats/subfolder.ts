import { checkRelative, extrasOf, type FileSource, readHead, readWhole } from "./source.ts";

/**
 * A folder within a source as a source of its own; the empty path is the source itself. Throws `FormatError` for a path
 * that could leave it. Errors of its reads name files as the outer source does.
 */
export function subfolder(source: FileSource, path: string): FileSource {
  if (path === "") return source;
  checkRelative(path);
  const at = (file: string) => `${path}/${file}`;
  const { prepare, kept, license } = extrasOf(source);
  return {
    name: `${source.name}/${path}`,
    has: (file, options) => source.has(at(file), options),
    size: (file, options) => source.size(at(file), options),
    read: (file, begin, end, options) => source.read(at(file), begin, end, options),
    readWhole: (file, limit, options) => readWhole(source, at(file), limit, options),
    readHead: (file, count, options) => readHead(source, at(file), count, options),
    ...(license === undefined ? {} : { license }),
    ...(prepare ? { prepare: (files, options) => prepare(files.map(at), options) } : {}),
    ...(kept ? { kept: (file, options) => kept(at(file), options) } : {}),
  };
}
