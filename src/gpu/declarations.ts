import { ShaderError } from "./errors.ts";

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
  /** Bytes of workgroup memory; `undefined` where a size is not a constant expression of integers. */
  readonly workgroupBytes: number | undefined;
  /** Threads of one workgroup in x, y and z. */
  readonly workgroupSize: readonly [number, number, number];
}

/** WGSL without comments, each replaced by spaces so that columns and lines stay. */
export function withoutComments(code: string): string {
  return code.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));
}

const bindingPattern =
  /@group\(\s*(\d+)\s*\)\s*@binding\(\s*(\d+)\s*\)\s*var<\s*(storage|uniform)\s*(?:,\s*(read_write|read))?\s*>\s*(\w+)\s*:\s*([^;]+);/g;

/**
 * Reads the module-scope declarations of `code`. This is not a WGSL parser: it reads the few forms that the engine
 * asks of a kernel (DESIGN: bindings, `Params` of scalars, `const` and `alias`), and the driver judges the rest.
 * It runs at run time because users bring kernels as text.
 */
export function readDeclarations(code: string, file: string): Declarations {
  const text = withoutComments(code);
  const bindings: BindingDeclaration[] = [];
  for (const [, group, binding, space, access, name, type] of text.matchAll(bindingPattern)) {
    bindings.push({
      group: Number(group),
      binding: Number(binding),
      name: name ?? "",
      space: space === "uniform" ? "uniform" : "storage",
      access: access === "read_write" ? "read_write" : "read",
      type: (type ?? "").replace(/\s+/g, ""),
    });
  }
  const taken = new Map<string, string>();
  for (const { group, binding, name } of bindings) {
    const slot = `@group(${group}) @binding(${binding})`;
    const other = taken.get(slot);
    if (other) throw new ShaderError(`${file}: ${name} and ${other} both use ${slot}`, file);
    taken.set(slot, name);
  }
  const constants = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^const\s+(\w+)\s*(?::[^=]+)?=\s*([^;]+);/gm)) {
    constants.set(name ?? "", (value ?? "").trim());
  }
  const aliases = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^alias\s+(\w+)\s*=\s*([^;]+);/gm)) {
    aliases.set(name ?? "", (value ?? "").trim());
  }
  return {
    bindings,
    structs: readStructs(text),
    constants,
    aliases,
    workgroupBytes: workgroupBytes(text, constants, aliases),
    workgroupSize: workgroupSize(text, constants),
  };
}

function readStructs(text: string): Map<string, StructFields> {
  const structs = new Map<string, StructFields>();
  for (const [, name, body] of text.matchAll(/struct\s+(\w+)\s*\{([^}]*)\}/g)) {
    const fields = (body ?? "")
      .split(",")
      .map((field) => field.trim())
      .filter((field) => field !== "")
      .map((field) => /^(\w+)\s*:\s*(u32|i32|f32)$/.exec(field));
    if (fields.some((field) => field === null)) continue;
    structs.set(
      name ?? "",
      fields.map((field) => ({ name: field?.[1] ?? "", type: (field?.[2] ?? "u32") as "u32" | "i32" | "f32" })),
    );
  }
  return structs;
}

/** The value of a constant expression of integers (`TILE * (COLUMNS + 1)`), or undefined. */
export function evaluate(expression: string, constants: ReadonlyMap<string, string>, depth = 0): number | undefined {
  if (depth > 20) return undefined;
  const tokens = expression.match(/\d+|\w+|[-+*/%()]/g) ?? [];
  let at = 0;
  const atom = (): number | undefined => {
    const token = tokens[at++];
    if (token === undefined) return undefined;
    if (token === "(") {
      const value = sum();
      at++;
      return value;
    }
    if (/^\d/.test(token)) {
      if (tokens[at] === "u" || tokens[at] === "i") at++;
      return Number.parseInt(token, 10);
    }
    const value = constants.get(token);
    return value === undefined ? undefined : evaluate(value, constants, depth + 1);
  };
  const product = (): number | undefined => {
    let left = atom();
    while (tokens[at] === "*" || tokens[at] === "/" || tokens[at] === "%") {
      const operator = tokens[at++];
      const right = atom();
      if (left === undefined || right === undefined) return undefined;
      left = operator === "*" ? left * right : operator === "/" ? Math.trunc(left / right) : left % right;
    }
    return left;
  };
  const sum = (): number | undefined => {
    let left = product();
    while (tokens[at] === "+" || tokens[at] === "-") {
      const operator = tokens[at++];
      const right = product();
      if (left === undefined || right === undefined) return undefined;
      left = operator === "+" ? left + right : left - right;
    }
    return left;
  };
  return sum();
}

const scalarBytes: Readonly<Record<string, number>> = { f32: 4, i32: 4, u32: 4, bool: 4, f16: 2 };

function typeBytes(
  type: string,
  constants: ReadonlyMap<string, string>,
  aliases: ReadonlyMap<string, string>,
): number | undefined {
  const name = type.trim();
  const alias = aliases.get(name);
  if (alias !== undefined) return typeBytes(alias, constants, aliases);
  const scalar = scalarBytes[name];
  if (scalar !== undefined) return scalar;
  const atomic = /^atomic<(.+)>$/.exec(name);
  if (atomic) return 4;
  const vector = /^vec([234])(?:<(.+)>|([fiuh]))$/.exec(name);
  if (vector) {
    const width = vector[1] === "3" ? 4 : Number(vector[1]);
    const element = vector[2] ? typeBytes(vector[2], constants, aliases) : vector[3] === "h" ? 2 : 4;
    return element === undefined ? undefined : width * element;
  }
  const array = /^array<(.+),([^,<>]+)>$/.exec(name);
  if (array) {
    const element = typeBytes(array[1] ?? "", constants, aliases);
    const count = evaluate(array[2] ?? "", constants);
    return element === undefined || count === undefined ? undefined : element * count;
  }
  return undefined;
}

function workgroupBytes(
  text: string,
  constants: ReadonlyMap<string, string>,
  aliases: ReadonlyMap<string, string>,
): number | undefined {
  let total = 0;
  for (const [, type] of text.matchAll(/var<\s*workgroup\s*>\s*\w+\s*:\s*([^;]+);/g)) {
    const bytes = typeBytes((type ?? "").replace(/\s+/g, ""), constants, aliases);
    if (bytes === undefined) return undefined;
    total += Math.ceil(bytes / 16) * 16; // the rounding of the WebGPU limit
  }
  return total;
}

function workgroupSize(text: string, constants: ReadonlyMap<string, string>): [number, number, number] {
  const sizes = /@workgroup_size\(([^)]*)\)/.exec(text)?.[1]?.split(",") ?? [];
  const size = (i: number) => evaluate(sizes[i] ?? "1", constants) ?? 1;
  return [size(0), size(1), size(2)];
}
