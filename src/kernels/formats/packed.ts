import { ShapeError } from "../../options/errors.ts";
import { loadCodecs } from "../../tensor/formats/packed.ts";
import type { FormatParts } from "./format-parts.ts";

// The shaders' side of packed formats takes more code than that of all others, and few pages read them: it is loaded
// when it is first needed.

let loaded: ReadonlyMap<string, FormatParts> | undefined;

/** Sets the parts of packed formats, for a program that has them all. */
export function providePackedParts(parts: ReadonlyMap<string, FormatParts>): void {
  loaded = parts;
}

/**
 * Loads the codecs of packed formats and the shader parts that read them: needed by tensors of blocks that are made of
 * numbers, e.g. `tensor(gpu, values, "q4_0")`, and by kernels that take such tensors. Loading a model does it itself.
 */
export async function loadPackedFormats(): Promise<void> {
  const parts = import("./packed-parts.ts");
  await loadCodecs();
  loaded ??= (await parts).packedParts;
}

/** The parts of a packed format. Throws `ShapeError` where they are not loaded. */
export function packedParts(name: string): FormatParts {
  const parts = loaded?.get(name);
  if (parts) return parts;
  throw new ShapeError(`${name}: the part that reads it is not loaded; await loadPackedFormats() first`);
}
