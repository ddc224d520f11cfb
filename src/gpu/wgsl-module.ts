import { assertNoClash } from "./clashes.ts";
import { ShaderError } from "./errors.ts";
import { readFile } from "./read-declarations.ts";
import type { ShaderModule } from "./shader-module.ts";

/**
 * A module from a text: for your own kernels and parts that are not files. `parts` are those that it is joined with; a
 * `// with:` line in the text is only a comment to the reader. `name` is what errors call it; the folder in a part's
 * name is the slot that it fits into, for example `attention/masks/mine`. Throws `ShaderError` for bindings in an
 * unsupported form.
 */
export function wgslModule(
  text: string,
  { parts = [], name = "own/kernel" }: { readonly parts?: readonly ShaderModule[]; readonly name?: string } = {},
): ShaderModule {
  if (typeof text !== "string") throw new ShaderError(`${name}: the text is ${typeof text}, expected WGSL`, name);
  return { name, code: text, parts, declares: readFile(text, name), check: assertNoClash };
}
