import { FormatError } from "./format-error.ts";

const begins = "version https://git-lfs.github.com/spec/";

/**
 * Throws FormatError for a Git LFS pointer: the few lines in place of a large file in a repository cloned, or
 * downloaded as an archive, without LFS (git-lfs, docs/spec.md).
 */
export function assertNoPointer(file: string, bytes: Uint8Array): void {
  const text = new TextDecoder().decode(bytes.subarray(0, 512));
  if (!text.startsWith(begins)) return;
  const size = /^size (\d{1,15})$/m.exec(text)?.[1];
  const of = size === undefined ? "the file" : `the file of ${size} bytes`;
  const problem = `is a Git LFS pointer in place of ${of}: fetch it with "git lfs pull", or download it from its hub`;
  throw new FormatError(file, problem);
}
