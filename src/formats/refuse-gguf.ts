import { FormatError } from "./format-error.ts";
import type { FileSource } from "./source.ts";

/** Throws `FormatError` for a GGUF file in the place of a folder of models of which `what` says the kind. */
export function refuseGguf({ gguf }: FileSource, what: "encoders" | "encoder-decoders"): void {
  if (gguf === undefined) return;
  throw new FormatError(gguf, `is a GGUF file, expected a folder: ${what} in GGUF files are not supported`);
}
