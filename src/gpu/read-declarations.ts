// Reads what a WGSL text declares. The loader of `.wgsl` files runs it at build time; in a page it runs only for a
// user's texts.
import { checkSlots, type Declarations, joinDeclarations } from "./declarations.ts";
import { ShaderError } from "./errors.ts";
import type { BindingDeclaration, FileDeclarations } from "./shader-module.ts";

/** WGSL with each comment replaced by spaces, so that lines and columns stay the same. Block comments nest. */
export function withoutComments(code: string): string {
  let out = "";
  let depth = 0;
  for (let at = 0; at < code.length; at++) {
    if (depth === 0 && code.startsWith("//", at)) {
      const end = code.indexOf("\n", at);
      const next = end < 0 ? code.length : end;
      out += " ".repeat(next - at);
      at = next - 1;
    } else if (code.startsWith("/*", at) || (depth > 0 && code.startsWith("*/", at))) {
      depth += code[at] === "/" ? 1 : -1;
      out += "  ";
      at++;
    } else {
      const character = code[at] ?? "";
      out += depth > 0 && character !== "\n" ? " " : character;
    }
  }
  return out;
}

const attribute = String.raw`@(group|binding)\(\s*(\d+)\s*\)\s*`;
const bindingPattern = new RegExp(
  String.raw`${attribute}${attribute}var<\s*(storage|uniform)\s*(?:,\s*(read_write|read))?\s*,?\s*>\s*(\w+)\s*:\s*([^;]+);`,
  "g",
);

/**
 * Reads the module-scope declarations of `code`. This is not a WGSL parser: it reads the few forms that the engine
 * requires of a kernel (bindings, `Params` of scalars, `const` and `alias`); the driver checks the rest. Throws
 * `ShaderError` for a binding in another form, and for two with the same group and binding.
 */
export function readFile(code: string, file: string): FileDeclarations {
  const text = withoutComments(code);
  const bindings = readBindings(text, file);
  const named = (pattern: RegExp) =>
    Object.fromEntries(Array.from(text.matchAll(pattern), ([, name = "", value = ""]) => [name, value.trim()]));
  const constants = named(/^const\s+(\w+)\s*(?::[^=]+)?=\s*([^;]+);/gm);
  const aliases = named(/^alias\s+(\w+)\s*=\s*([^;]+);/gm);
  const structs = named(/\bstruct\s+(\w+)\s*\{([^}]*)\}/g);
  const workgroup = Array.from(
    text.matchAll(/\bvar<\s*workgroup\s*,?\s*>\s*\w+\s*:\s*([^;]+);/g),
    ([, type = ""]) => type,
  );
  const [, size] = /@workgroup_size\s*\(((?:[^()]|\([^()]*\))*)\)/.exec(text) ?? [];
  return {
    ...(bindings.length > 0 ? { bindings } : {}),
    ...(Object.keys(structs).length > 0 ? { structs } : {}),
    ...(Object.keys(constants).length > 0 ? { constants } : {}),
    ...(Object.keys(aliases).length > 0 ? { aliases } : {}),
    ...(workgroup.length > 0 ? { workgroup } : {}),
    ...(size === undefined ? {} : { workgroupSize: size }),
  };
}

/** The declarations of a text used without others. Throws `ShaderError` as `readFile` and `joinDeclarations` do. */
export function readDeclarations(code: string, file: string): Declarations {
  return joinDeclarations(file, [{ name: file, code, parts: [], declares: readFile(code, file) }]);
}

function readBindings(text: string, file: string): BindingDeclaration[] {
  const bindings: BindingDeclaration[] = [];
  for (const [, first, a, second, b, space, access, name = "", type = ""] of text.matchAll(bindingPattern)) {
    if (first === second) throw new ShaderError(`${file}: ${name} has @${first} twice`, file);
    const [group, binding] = first === "group" ? [Number(a), Number(b)] : [Number(b), Number(a)];
    bindings.push({
      group,
      binding,
      name,
      space: space === "uniform" ? "uniform" : "storage",
      access: access === "read_write" ? "read_write" : "read",
      type: type.replace(/\s+/g, ""),
    });
  }
  checkSlots(file, bindings);
  for (const [, name = ""] of text.matchAll(/\bvar<\s*(?:storage|uniform)\b[^>]*>\s*(\w+)/g)) {
    if (!bindings.some((binding) => binding.name === name)) {
      throw new ShaderError(
        `${file}: ${name} is declared in an unsupported form, expected @group and @binding, each with a number, ` +
          "right before var<storage, …> or var<uniform>",
        file,
      );
    }
  }
  return bindings;
}
