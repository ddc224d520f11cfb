import { evaluate } from "./constant-expression.ts";

/** Declarations that the size of a type may depend on: constants and aliases by their text, structs by their bodies. */
export interface TypeContext {
  readonly constants: ReadonlyMap<string, string>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly structs: ReadonlyMap<string, string>;
  /** What is known of constants and types so far: each is computed once. */
  readonly known: Map<string, number | undefined>;
  readonly layouts: Map<string, Layout | undefined>;
}

/** Size and alignment of a type in bytes. */
interface Layout {
  readonly size: number;
  readonly align: number;
}

const scalarBytes: Readonly<Record<string, number>> = { f32: 4, i32: 4, u32: 4, bool: 4, f16: 2 };
const suffixes: Readonly<Record<string, number>> = { f: 4, i: 4, u: 4, h: 2 };
const roundUp = (bytes: number, multiple: number) => Math.ceil(bytes / multiple) * multiple;

/**
 * Bytes of a type of fixed size (WGSL, "Alignment and Size"); undefined where it cannot be computed, as for a struct
 * with attributes or an array whose length is not a constant expression of integers.
 */
export function typeSize(type: string, context: TypeContext): number | undefined {
  return layoutOf(type, context)?.size;
}

function layoutOf(type: string, context: TypeContext): Layout | undefined {
  const { layouts } = context;
  const name = type.replace(/\s+/g, "");
  if (!layouts.has(name)) {
    layouts.set(name, undefined); // a type that contains itself has none
    layouts.set(name, computedLayout(name, context));
  }
  return layouts.get(name);
}

function computedLayout(name: string, context: TypeContext): Layout | undefined {
  const alias = context.aliases.get(name);
  if (alias !== undefined) return layoutOf(alias, context);
  const scalar = scalarBytes[name];
  if (scalar !== undefined) return { size: scalar, align: scalar };
  if (/^atomic<[iu]32>$/.test(name)) return { size: 4, align: 4 };
  const body = context.structs.get(name);
  if (body !== undefined) return structLayout(body, context);
  const [, columns, rows, inner, suffix] = /^(?:vec|mat([234])x)([234])(?:<(.+)>|([fiuh]))$/.exec(name) ?? [];
  if (rows !== undefined) {
    const element = inner === undefined ? suffixes[suffix ?? ""] : layoutOf(inner, context)?.size;
    if (element === undefined) return undefined;
    const size = element * Number(rows);
    const align = element * (rows === "3" ? 4 : Number(rows));
    return columns === undefined ? { size, align } : { size: Number(columns) * roundUp(size, align), align };
  }
  const [, inside] = /^array<(.+)>$/.exec(name) ?? [];
  const parts = inside === undefined ? [] : splitList(inside);
  const element = parts.length === 2 ? layoutOf(parts[0] ?? "", context) : undefined;
  const count = evaluate(parts[1] ?? "", context.constants, context.known);
  if (!element || count === undefined) return undefined;
  return { size: count * roundUp(element.size, element.align), align: element.align };
}

function structLayout(body: string, context: TypeContext): Layout | undefined {
  let end = 0;
  let align = 1;
  for (const field of splitList(body)) {
    const [, type] = /^\s*\w+\s*:([^@]+)$/.exec(field) ?? [];
    const layout = type === undefined ? undefined : layoutOf(type, context);
    if (!layout) return undefined;
    end = roundUp(end, layout.align) + layout.size;
    align = Math.max(align, layout.align);
  }
  return { size: roundUp(end, align), align };
}

/** The items of a list, split at commas outside brackets, without empty ones. */
export function splitList(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let item = "";
  for (const character of text) {
    if ("(<[".includes(character)) depth++;
    if (")>]".includes(character)) depth--;
    if (character === "," && depth === 0) {
      items.push(item);
      item = "";
    } else item += character;
  }
  return [...items, item].map((part) => part.trim()).filter((part) => part !== "");
}

/**
 * The scalars of an array that has no length, such as `array<vec4<f32>>` or `array<atomic<u32>>`; undefined for
 * another.
 */
export function elementType(type: string): "f32" | "u32" | "i32" | "f16" | undefined {
  const [, inner, letter] =
    /^array<(?:(?:(?:vec[234]|atomic)<)?(f32|u32|i32|f16)>?|vec[234]([fuih]))>$/.exec(type) ?? [];
  return (inner ?? { f: "f32", u: "u32", i: "i32", h: "f16" }[letter ?? ""]) as ReturnType<typeof elementType>;
}
