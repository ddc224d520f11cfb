// The shaders' side of packed formats takes more code than that of all others, and few pages read them: it is loaded when
// it is first needed.
import { ShapeError } from "../../options/errors.ts";
import { loadCodecs } from "../../tensor/formats/packed.ts";
import type { FormatParts } from "./format-parts.ts";

let loaded: ReadonlyMap<string, FormatParts> | undefined;

/** Takes the parts of packed formats from a program that has them all. */
export function providePackedParts(parts: ReadonlyMap<string, FormatParts>): void {
  loaded = parts;
}

/**
 * Loads how packed formats are encoded and what reads them in shaders, which tensors of blocks take that are made of
 * numbers, e.g. `tensor(gpu, values, "q4_0")`, and kernels that are given them. Loading models does so itself.
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
  throw new ShapeError(`${name}: what reads it is not loaded; await loadPackedFormats() first`);
}
