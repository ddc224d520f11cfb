import { assertNoClash } from "./clashes.ts";
import { ShaderError } from "./errors.ts";
import { readFile } from "./read-declarations.ts";
import type { ShaderModule } from "./shader-module.ts";

/**
 * A module from a text: for kernels and parts of one's own that are not files. `parts` are those that it is joined with;
 * where the text names them in a `// with:` line, that line is a comment to the reader and nothing more. `name` is what
 * errors call it; a part fits into the slot that is its folder, for example `attention/masks/mine`. Throws `ShaderError`
 * for bindings in a form that is not read.
 */
export function wgslModule(
  text: string,
  { parts = [], name = "own/kernel" }: { readonly parts?: readonly ShaderModule[]; readonly name?: string } = {},
): ShaderModule {
  if (typeof text !== "string") throw new ShaderError(`${name}: the text is ${typeof text}, expected WGSL`, name);
  return { name, code: text, parts, declares: readFile(text, name), check: assertNoClash };
}
