// WGSL in words that wgsl_reflect's interpreter understands.
import { evaluate } from "../../../src/gpu/shader/constant-expression.ts";
import type { Shader } from "../../../src/gpu/shader/specialise.ts";
import { withoutComments } from "../../../src/wgsl/comments.ts";
import { ownThread, withExchanges } from "./subgroups.ts";

/**
 * The kernel in words that the interpreter understands: it takes `workgroup` and `block` for keywords; knows no
 * aliases, no assertions, no arrays of inferred types, no bool and no builtin in a struct, and constants only after
 * their declaration; evaluates an index twice; overlooks a barrier that comes first in a loop's body; gives all threads
 * one copy of private variables; and knows no subgroups.
 */
export function legible(code: string, { constants, aliases, workgroupSize }: Shader["declarations"]): string {
  let text = withoutComments(code).replace(/(?<!var<)\b(workgroup|block)\b/g, "own_$1");
  text = text.replace(/(struct Grid \{)[^}]*/, "$1 own_workgroup: vec3u, workgroups: vec3u ");
  text = text.replace(
    /\bgrid: Grid(,[^{]*\{)/,
    "@builtin(workgroup_id) of_id: vec3u, @builtin(num_workgroups) of_grid: vec3u$1 let grid = Grid(of_id, of_grid);",
  );
  text = text.replace(/(\w+)\[(atomic\w+\([^()]*\))\] =/g, "let own_index = $2; $1[own_index] =");
  text = text.replace(/\bexists: bool/g, "exists: u32").replace(/\bsum\.exists\b/g, "(sum.exists != 0)");
  text = text.replace(/\bhighest != IMPOSSIBLE && highest != INFINITE\b/g, "u32($&)");
  text = text.replace(/^(const_assert|requires)\b[^;]*;/gm, "");
  // Arrays whose elements are not named: in parts of lib/wide, vectors of codes and what scales them.
  text = text.replace(/\b(let \w+ = )array\(/g, "$1array<vec4f, QUADS>(").replace(/\barray\(/g, "array<f32, GROUPS>(");
  let barriers = 0;
  text = text.replace(/\bworkgroupBarrier\(\);/g, (barrier) => `let before_barrier_${barriers++} = 0u; ${barrier}`);
  text = withExchanges(text, workgroupSize);
  text = withOwnCopies(text, workgroupSize);
  for (const [name, type] of [...aliases].reverse()) {
    text = text.replace(new RegExp(`^alias ${name} = .*;`, "m"), "").replaceAll(new RegExp(`\\b${name}\\b`, "g"), type);
  }
  const numbers: string[] = [];
  for (const [name, value] of constants) {
    const number = evaluate(value, constants);
    if (number === undefined) continue;
    text = text.replace(new RegExp(`^const ${name}\\b\\s*(:[^=]*)?=[^;]*;`, "m"), (_, type = "") => {
      numbers.push(`const ${name}${type} = ${number};`);
      return "";
    });
  }
  return `${numbers.join(" ")}${withVectorsInPlace(text)}`;
}

/** Constants that are computed of vectors, in the places where they are used. */
function withVectorsInPlace(text: string): string {
  const found = /^const (\w+)(?:: [\w<>]+)? = ((?:[\d.]+ \/ )?vec[234]\w*\([^;]*\));/m;
  for (let rest = text; ; ) {
    const [declaration, name = "", value = ""] = found.exec(rest) ?? [];
    if (declaration === undefined) return rest;
    rest = rest
      .replace(declaration, "")
      .replaceAll(new RegExp(`\\b${name}\\b`, "g"), value.startsWith("vec") ? value : `(${value})`);
  }
}

/** Private variables as arrays in workgroup memory with an element for each thread. */
function withOwnCopies(text: string, [x, y, z]: readonly [number, number, number]): string {
  const declaration = /^var<private> (\w+): ([^;=]+);/gm;
  const names = [...text.matchAll(declaration)].map(([, name = ""]) => name);
  const shared = text.replace(declaration, (_, name: string, type: string) => {
    const words = type.trim() === "bool" ? "u32" : type.trim(); // bool has no place in memory that is shared
    return `var<workgroup> of_${name}: array<${words}, ${x * y * z}>;`;
  });
  return names.reduce(
    (all, name) => all.replace(new RegExp(`(?<![.\\w])${name}\\b`, "g"), `of_${name}[${ownThread}]`),
    shared,
  );
}
