// How functions that read a folder open it.
import { openModel } from "../../formats/hub.ts";
import type { FileSource } from "../../formats/source.ts";
import { type Checks, callback, checkValue, having } from "../../options/checks.ts";
import { sourceCheck } from "./load-model.ts";

/** How a folder is opened. */
export interface OpeningOptions {
  /** Called for each entry in the files without effect; default `console.warn`. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The checks of {@link OpeningOptions}. */
export const openingChecks: Checks<OpeningOptions> = {
  onWarning: callback,
  signal: having("aborted", "an AbortSignal"),
};

/** Opens the source of a function named `where`, as `loadModel` takes it. Throws `OptionError` for anything else. */
export async function openFrom(
  where: string,
  from: string | URL | FileSource,
  { onWarning = console.warn, signal }: OpeningOptions,
): Promise<FileSource> {
  checkValue(where, "from", sourceCheck, from);
  return await openModel(from, { onWarning, ...(signal ? { signal } : {}) });
}
