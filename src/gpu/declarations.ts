import { evaluate } from "./constant-expression.ts";
import { ShaderError } from "./errors.ts";
import { splitList, type TypeContext, typeSize } from "./type-size.ts";

/** A resource variable of a shader, as it is declared: `@group(0) @binding(1) var<storage, read> x: array<f32>;`. */
export interface BindingDeclaration {
  readonly group: number;
  readonly binding: number;
  readonly name: string;
  readonly space: "storage" | "uniform";
  readonly access: "read" | "read_write";
  readonly type: string;
}

/** The 4-byte scalars of a uniform struct such as `Params`, in order. */
export type StructFields = readonly { readonly name: string; readonly type: "u32" | "i32" | "f32" }[];

/** What a WGSL text declares at module scope, as far as the engine needs it. */
export interface Declarations {
  readonly bindings: readonly BindingDeclaration[];
  /** Structs whose every field is a 4-byte scalar. */
  readonly structs: ReadonlyMap<string, StructFields>;
  readonly constants: ReadonlyMap<string, string>;
  readonly aliases: ReadonlyMap<string, string>;
  /** Bytes of workgroup memory; `undefined` where the size of a variable is not understood. */
  readonly workgroupBytes: number | undefined;
  /** Threads of one workgroup in x, y and z. */
  readonly workgroupSize: readonly [number, number, number];
}

/** WGSL without comments, each replaced by spaces so that columns and lines stay. Block comments nest. */
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
 * asks of a kernel (DESIGN: bindings, `Params` of scalars, `const` and `alias`), and the driver judges the rest.
 * It runs at run time because users bring kernels as text. Throws `ShaderError` for a binding or a workgroup size in
 * another form, and for two bindings at one place.
 */
export function readDeclarations(code: string, file: string): Declarations {
  const text = withoutComments(code);
  const bindings = readBindings(text, file);
  const constants = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^const\s+(\w+)\s*(?::[^=]+)?=\s*([^;]+);/gm)) {
    constants.set(name ?? "", (value ?? "").trim());
  }
  const aliases = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^alias\s+(\w+)\s*=\s*([^;]+);/gm)) {
    aliases.set(name ?? "", (value ?? "").trim());
  }
  const bodies = new Map<string, string>();
  for (const [, name, body] of text.matchAll(/\bstruct\s+(\w+)\s*\{([^}]*)\}/g)) bodies.set(name ?? "", body ?? "");
  return {
    bindings,
    structs: scalarStructs(bodies),
    constants,
    aliases,
    workgroupBytes: workgroupBytes(text, { constants, aliases, structs: bodies }),
    workgroupSize: workgroupSize(text, constants, file),
  };
}

function readBindings(text: string, file: string): BindingDeclaration[] {
  const bindings: BindingDeclaration[] = [];
  const taken = new Map<string, string>();
  for (const [, first, a, second, b, space, access, name = "", type = ""] of text.matchAll(bindingPattern)) {
    if (first === second) throw new ShaderError(`${file}: ${name} has @${first} twice`, file);
    const [group, binding] = first === "group" ? [Number(a), Number(b)] : [Number(b), Number(a)];
    const slot = `@group(${group}) @binding(${binding})`;
    const other = taken.get(slot);
    if (other) throw new ShaderError(`${file}: ${name} and ${other} both use ${slot}`, file);
    taken.set(slot, name);
    bindings.push({
      group,
      binding,
      name,
      space: space === "uniform" ? "uniform" : "storage",
      access: access === "read_write" ? "read_write" : "read",
      type: type.replace(/\s+/g, ""),
    });
  }
  for (const [, name = ""] of text.matchAll(/\bvar<\s*(?:storage|uniform)\b[^>]*>\s*(\w+)/g)) {
    if (!bindings.some((binding) => binding.name === name)) {
      throw new ShaderError(
        `${file}: ${name} is declared in a form that is not read, expected @group and @binding, each with a number, ` +
          "right before var<storage, …> or var<uniform>",
        file,
      );
    }
  }
  return bindings;
}

function scalarStructs(bodies: ReadonlyMap<string, string>): Map<string, StructFields> {
  const structs = new Map<string, StructFields>();
  for (const [name, body] of bodies) {
    const fields = splitList(body).map((field) => /^(\w+)\s*:\s*(u32|i32|f32)$/.exec(field));
    if (fields.some((field) => field === null)) continue;
    structs.set(
      name,
      fields.map((field) => ({ name: field?.[1] ?? "", type: (field?.[2] ?? "u32") as "u32" | "i32" | "f32" })),
    );
  }
  return structs;
}

function workgroupBytes(text: string, context: TypeContext): number | undefined {
  let total = 0;
  for (const [, type] of text.matchAll(/\bvar<\s*workgroup\s*,?\s*>\s*\w+\s*:\s*([^;]+);/g)) {
    const bytes = typeSize(type ?? "", context);
    if (bytes === undefined) return undefined;
    total += Math.ceil(bytes / 16) * 16; // the rounding of the WebGPU limit
  }
  return total;
}

function workgroupSize(text: string, constants: ReadonlyMap<string, string>, file: string): [number, number, number] {
  const [, given] = /@workgroup_size\s*\(((?:[^()]|\([^()]*\))*)\)/.exec(text) ?? [];
  const size = (expression: string | undefined): number => {
    const value = expression === undefined ? 1 : evaluate(expression, constants);
    if (value === undefined || value < 1) {
      throw new ShaderError(
        `${file}: @workgroup_size(${given}) has ${expression}, expected a constant expression of positive integers`,
        file,
      );
    }
    return value;
  };
  const [x, y, z] = splitList(given ?? "");
  return [size(x), size(y), size(z)];
}
