import { FormatError } from "./format-error.ts";
import { checkRange, checkRelative, type FileSource } from "./source.ts";

type FileSystem = typeof import("node:fs/promises");

/**
 * A module of Node's, loaded at run time so that bundlers for the browser find no import of it; undefined elsewhere.
 */
export function nodeModule(name: string): unknown {
  const nodeProcess = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }).process;
  return nodeProcess?.getBuiltinModule?.(name);
}

/** The path of a path or file: address; undefined if there is no file system. */
export function fileSystemPath(name: string): string | undefined {
  const url = nodeModule("node:url") as typeof import("node:url") | undefined;
  return url && /^file:/i.test(name) ? url.fileURLToPath(name) : url && name;
}

function fileSystem(path: string): FileSystem {
  const found = nodeModule("node:fs/promises");
  if (found === undefined) throw new FormatError(path, "folders can be opened in Node (20.16 or later) only");
  return found as FileSystem;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Why the system refused, as text. */
function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === "EACCES" || code === "EPERM") return "cannot be read: permission denied";
  if (code === "ELOOP") return "cannot be read: its symbolic links form a cycle";
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

const isThere = async (path: string, what: "isDirectory" | "isFile"): Promise<boolean> =>
  await fileSystem(path)
    .stat(path)
    .then(
      (stats) => stats[what](),
      () => false,
    );

/** Whether a folder exists at this path (Node only). */
export const isFolder = (path: string): Promise<boolean> => isThere(path, "isDirectory");

/** Whether a file exists at this path (Node only). */
export const isFile = (path: string): Promise<boolean> => isThere(path, "isFile");

/**
 * Opens a folder of the local file system (Node only). Symbolic links are followed, since model caches consist of them.
 *
 * @throws FormatError if the folder does not exist, is not a folder or may not be read.
 */
export async function openFolder(path: string): Promise<FileSource> {
  const fs = fileSystem(path);
  const stats = await fs.stat(path).catch((cause: unknown) => {
    throw new FormatError(path, isAbsent(cause) ? "there is no such folder" : reasonOf(cause), { cause });
  });
  if (!stats.isDirectory()) throw new FormatError(path, "is a file, expected a folder");

  const missing = (file: string, cause?: unknown) =>
    new FormatError(file, `there is no such file in ${path}`, { cause });

  /** The file's size, or undefined if there is no such file. */
  async function sizeIfThere(file: string): Promise<number | undefined> {
    checkRelative(file);
    const found = await fs.stat(`${path}/${file}`).catch((cause: unknown) => {
      if (isAbsent(cause)) return undefined;
      throw new FormatError(file, reasonOf(cause), { cause });
    });
    return found?.isFile() ? found.size : undefined;
  }

  async function size(file: string): Promise<number> {
    const bytes = await sizeIfThere(file);
    if (bytes === undefined) throw missing(file);
    return bytes;
  }

  async function read(file: string, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(file, begin, end, await size(file));
    const handle = await fs.open(`${path}/${file}`).catch((cause: unknown) => {
      throw isAbsent(cause) ? missing(file, cause) : new FormatError(file, reasonOf(cause), { cause });
    });
    try {
      const bytes = new Uint8Array(end - begin);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, begin + filled);
        if (bytesRead === 0) {
          throw new FormatError(file, `ended at byte ${begin + filled} while bytes ${begin} to ${end} were read`);
        }
        filled += bytesRead;
      }
      return bytes;
    } catch (cause) {
      throw cause instanceof FormatError ? cause : new FormatError(file, reasonOf(cause), { cause });
    } finally {
      await handle.close();
    }
  }

  const has = async (file: string) => (await sizeIfThere(file)) !== undefined;
  return { name: path, has, size, read, kept: size };
}
