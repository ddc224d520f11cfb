import { FormatError, listed } from "./format-error.ts";
import type { FileSource } from "./source.ts";

/** The name of the GGUF file at the end of a path; undefined for any other path. */
export const ggufOf = (path: string): string | undefined => /[^/\\]+\.gguf$/i.exec(path)?.[0];

/**
 * The GGUF file among a model's files, or the first of its parts; undefined for a folder's files.
 *
 * @throws FormatError for several models.
 */
export function ggufAmong(files: readonly string[]): string | undefined {
  if (files.includes("config.json")) return undefined;
  const models = files.filter((file) => ggufOf(file) !== undefined && !/-(?!00001)\d{5}-of-\d{5}\.gguf$/i.test(file));
  if (models.length <= 1) return models[0];
  throw new FormatError(models[0] ?? "", `is one of several models: ${listed(models)}; expected the files of one`);
}

/** The source, whose model is in a GGUF file. */
export const inGguf = (source: FileSource, gguf: string | undefined, name = source.name): FileSource =>
  gguf === undefined ? source : { ...source, name, gguf };

/** Throws `FormatError` for a GGUF file where a folder is expected; `what` names the kind of model. */
export function refuseGguf({ gguf }: FileSource, what: "encoders" | "encoder-decoders"): void {
  if (gguf === undefined) return;
  throw new FormatError(gguf, `is a GGUF file, expected a folder: ${what} in GGUF files are not supported`);
}
