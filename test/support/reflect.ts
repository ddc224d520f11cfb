import type { WgslReflect as Reflection } from "wgsl_reflect";
// The package's entry for Node is CommonJS that Node takes for a module; its other file works.
// @ts-expect-error it has no types
import * as library from "wgsl_reflect/wgsl_reflect.module.js";

const { WgslReflect } = library as typeof import("wgsl_reflect");

/**
 * What wgsl_reflect, an independent reader, says of the declarations of a WGSL text. It sees functions without their
 * bodies, in which it stumbles over valid WGSL, such as a parameter with the name `workgroup`, and constants in the
 * order of their use, since it does not know those that come later.
 */
export function reflectDeclarations(code: string): Reflection {
  let out = "";
  let depth = 0;
  let inFunction = false;
  for (const [token] of code.matchAll(/\/\/[^\n]*|\bfn\b|[{}]|[\s\S]/g)) {
    if (token.startsWith("//")) continue;
    if (token === "fn") inFunction = true;
    if (token === "{") depth++;
    if (token === "}") depth--;
    const inBody = inFunction && (depth > 1 || (depth === 1 && token !== "{"));
    if (!inBody) out += token;
    if (token === "}" && depth === 0) inFunction = false;
  }
  return new WgslReflect(inOrderOfUse(out));
}

/** A text with each constant before those whose values name it. */
function inOrderOfUse(code: string): string {
  const pattern = /^const (\w+)[^;]*;/gm;
  const left = new Map([...code.matchAll(pattern)].map(([text, name = ""]) => [name, text]));
  const ordered: string[] = [];
  const place = (name: string): void => {
    const text = left.get(name);
    if (text === undefined) return;
    left.delete(name);
    for (const [word] of text.slice(text.indexOf("=")).matchAll(/\w+/g)) place(word);
    ordered.push(text);
  };
  for (const name of [...left.keys()]) place(name);
  return code.replace(pattern, () => ordered.shift() ?? "");
}
