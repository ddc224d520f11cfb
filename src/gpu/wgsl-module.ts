import { checkOptions, fieldsOf, having, listOf, shown, text } from "../options/checks.ts";
import { assertNoClash } from "./clashes.ts";
import { ShaderError } from "./errors.ts";
import { readFile, typesOf } from "./read-declarations.ts";
import type { ShaderModule } from "./shader-module.ts";

const fields = fieldsOf({ parts: listOf(having("code", "a module of WGSL")), name: text });

/**
 * A module from a text: for your own kernels and parts that are not files. `parts` are those that it is joined with; a
 * `// with:` line in the text is only a comment to the reader. `name` is what errors call it; the folder in a part's
 * name is the slot that it fits into, for example `attention/masks/mine`. Its `array<u32>` takes and gives tensors of u32
 * unless the kernel's record has other types, and so on for i32, f16 and vectors. Throws `ShaderError` for bindings in an
 * unsupported form.
 */
export function wgslModule(
  code: string,
  options: { readonly parts?: readonly ShaderModule[]; readonly name?: string } = {},
): ShaderModule {
  checkOptions("wgslModule", fields, options);
  const { parts = [], name = "own/kernel" } = options;
  if (typeof code !== "string") throw new ShaderError(`${name}: code is ${shown(code)}, expected a text of WGSL`, name);
  const declares = readFile(code, name);
  return { name, code, parts, declares, types: typesOf(declares), check: assertNoClash };
}
