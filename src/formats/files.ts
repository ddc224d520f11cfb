import { unlessAborted } from "../options/abort.ts";
import { type Check, checkValue, recordOf } from "../options/checks.ts";
import { FormatError } from "./format-error.ts";
import { checkRange, type FileSource, type ReadOptions } from "./source.ts";

/** A file that the visitor chose or dropped, any other `Blob`, or the blob: address of one. */
export type FileContent = Blob | URL | string;

const content: Check = (value) => {
  const address = typeof value === "string" || value instanceof URL ? String(value) : "";
  return value instanceof Blob || address.startsWith("blob:") ? undefined : "a Blob or a blob: address";
};
const contents = recordOf(content);

async function blobAt(file: string, address: string): Promise<Blob> {
  try {
    return await (await fetch(address)).blob();
  } catch (cause) {
    throw new FormatError(file, `could not be fetched from ${address}: ${String(cause)}`, { cause });
  }
}

/**
 * Files as a folder, by their names: those that the visitor chose or dropped, other `Blob`s, or blob: addresses.
 *
 * @param name for messages.
 * @throws OptionError for any other entry; the source's functions throw FormatError for a file that is missing.
 */
export function openFiles(files: Readonly<Record<string, FileContent>>, name = "files"): FileSource {
  checkValue("openFiles", "files", contents, files);
  const blobs = new Map<string, Blob | string>();
  for (const [file, content] of Object.entries(files)) {
    blobs.set(file, content instanceof Blob ? content : String(content));
  }

  async function blobOf(file: string): Promise<Blob> {
    const known = blobs.get(file);
    if (known === undefined) throw new FormatError(file, `there is no such file in ${name}`);
    const blob = typeof known === "string" ? await blobAt(file, known) : known;
    blobs.set(file, blob);
    return blob;
  }

  const size = async (file: string, { signal }: ReadOptions = {}) => (await unlessAborted(blobOf(file), signal)).size;
  return {
    name,
    has: async (file) => blobs.has(file),
    size,
    kept: size,
    read: async (file, begin, end, { signal } = {}) => {
      const blob = await unlessAborted(blobOf(file), signal);
      checkRange(file, begin, end, blob.size);
      const bytes = blob.slice(begin, end).arrayBuffer();
      try {
        return new Uint8Array(await unlessAborted(bytes, signal));
      } catch (cause) {
        signal?.throwIfAborted();
        throw new FormatError(file, `cannot be read: ${String(cause)}`, { cause });
      }
    },
  };
}
