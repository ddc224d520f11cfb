import { checkValue, having, recordOf } from "../options/checks.ts";
import { FormatError } from "./format-error.ts";
import { checkRange, type FileSource } from "./source.ts";

const blobs = recordOf(having("arrayBuffer", "a Blob"));

/**
 * Files as a folder, by their names: those that the visitor chose or dropped, or any other `Blob`s. A blob: address
 * becomes one by `await (await fetch(address)).blob()`.
 *
 * @param name for messages.
 * @throws FormatError from the source's functions, for a file that is missing.
 */
export function openFiles(files: Readonly<Record<string, Blob>>, name = "files"): FileSource {
  checkValue("openFiles", "files", blobs, files);
  function blobOf(file: string): Blob {
    const blob = Object.hasOwn(files, file) ? files[file] : undefined;
    if (!blob) throw new FormatError(file, `there is no such file in ${name}`);
    return blob;
  }
  return {
    name,
    has: async (file) => Object.hasOwn(files, file),
    size: async (file) => blobOf(file).size,
    read: async (file, begin, end) => {
      const blob = blobOf(file);
      checkRange(file, begin, end, blob.size);
      try {
        return new Uint8Array(await blob.slice(begin, end).arrayBuffer());
      } catch (cause) {
        throw new FormatError(file, `cannot be read: ${String(cause)}`, { cause });
      }
    },
  };
}
