import { checkOptions, fieldsOf, having, listOf, shown, text } from "../../options/checks.ts";
import { parse } from "../../wgsl/parse.ts";
import { resolve, type Scopes } from "../../wgsl/scopes.ts";
import { ShaderError, sourceError } from "../errors.ts";
import { readFile, reading, typesOf } from "./read-declarations.ts";
import type { JoinedModules, ShaderModule } from "./shader-module.ts";

const fields = fieldsOf({ parts: listOf(having("code", "a module of WGSL")), name: text });

/**
 * A module from a text: for your own kernels and parts that are not files. `parts` are those that it is joined with; a
 * `// with:` line in the text is an ordinary comment here. `name` is what errors call it; the folder in a part's
 * name is the slot that it fits into, for example `attention/masks/mine`. Its `array<u32>` binds tensors of u32
 * unless the kernel's record has other types, likewise for i32, f16 and vectors. Throws `ShaderError` for bindings in
 * an unsupported form.
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

/**
 * Throws `ShaderError`, with the line, where an untested text declares at module scope a name that another file of the
 * shader also declares, or a WGSL built-in that another file uses: a user's function `dot` would replace the built-in
 * in the whole shader. The functions that a slot's contract requires do not clash.
 */
function assertNoClash({ shader, modules, replaced }: JoinedModules): void {
  const scopes = new Map(modules.map((module): [ShaderModule, Scopes] => [module, scopesOf(module)]));
  const used = modules
    .filter(({ check }) => !check)
    .map((module): [ShaderModule, Set<string>] => [module, namesFromOutside(scopes.get(module))]);
  const expected = new Set(replaced.flatMap((module) => [...scopesOf(module).module.keys()]));
  for (const own of modules) {
    if (!own.check) continue;
    const others = modules.filter((other) => other !== own);
    for (const { label } of scopes.get(own)?.module.values() ?? []) {
      const { name, at } = label;
      const clash = (what: string, other: string) =>
        sourceError(
          `${name} clashes with ${what} ${other} (in ${shader}); give it another name`,
          own.name,
          own.code,
          at,
        );
      const rival = others.find((other) => scopes.get(other)?.module.has(name));
      if (rival) throw clash(`${name} of`, rival.name);
      if (own === modules[0] || expected.has(name)) continue;
      const [user] = used.find(([, names]) => names.has(name)) ?? [];
      if (user) throw clash("what WGSL has for", user.name);
    }
  }
}

const scopesOf = ({ name, code }: ShaderModule): Scopes => reading(name, code, () => resolve(parse(code)));

/** The names that a text uses and does not declare. */
function namesFromOutside(scopes: Scopes | undefined): Set<string> {
  const names = new Set<string>();
  for (const [{ name }, meaning] of scopes?.meanings ?? []) {
    if (meaning === "unknown" || "predeclared" in meaning) names.add(name);
  }
  return names;
}
