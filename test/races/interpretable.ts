import { evaluate } from "../../src/gpu/constant-expression.ts";
import { withoutComments } from "../../src/gpu/declarations.ts";

const aliasPattern = /^alias\s+(\w+)\s*=\s*([^;]+);/;
const constantPattern = /^const\s+(\w+)\s*(?::\s*(\w+)\s*)?=\s*([^;]+);/;

/**
 * The same shader in a form that the interpreter of wgsl_reflect 1.6 takes: aliases are written out, constants are
 * numbers and stand before their use, and no variable is called `workgroup`, which its scanner takes for the address
 * space.
 */
export function interpretable(code: string): string {
  const lines = withoutComments(code)
    .replace(/(?<!<)\bworkgroup\b/g, "workgroup_")
    .split("\n");
  const aliases = new Map<string, string>();
  const constants = new Map<string, string>();
  const types = new Map<string, string | undefined>();
  const body: string[] = [];
  for (const line of lines) {
    const [, alias, type] = aliasPattern.exec(line) ?? [];
    const [, constant, declared, value] = constantPattern.exec(line) ?? [];
    if (alias && type) aliases.set(alias, type);
    else if (constant && value) {
      constants.set(constant, value);
      types.set(constant, declared);
    } else if (!/^const_assert\b/.test(line)) body.push(line);
  }
  const first = [...constants].map(([name, value]) => {
    const number = /[.[]|array/.test(value) ? undefined : evaluate(value, constants);
    const type = types.get(name);
    return `const ${name}${type ? `: ${type}` : ""} = ${number === undefined ? value : `${number}${suffix(type)}`};`;
  });
  return spellOut([...first, ...body].join("\n"), aliases);
}

const suffix = (type: string | undefined) => (type === "u32" ? "u" : type === "f32" ? ".0" : "");

function spellOut(code: string, aliases: ReadonlyMap<string, string>): string {
  let text = code;
  for (let round = 0; round < aliases.size; round++) {
    for (const [name, type] of aliases) text = text.replace(new RegExp(`(?<![.\\w])${name}\\b`, "g"), type);
  }
  return text;
}
