import { type Constant, evaluator, wholeNumber } from "../../../wgsl/constants.ts";
import { WgslError } from "../../../wgsl/error.ts";
import { parse } from "../../../wgsl/parse.ts";
import { definitionOf, resolve, type Scopes } from "../../../wgsl/scopes.ts";
import type { Expression, FunctionDeclaration, Module, Name, Span } from "../../../wgsl/tree.ts";

/** A user's text with its tree, its names and its constants. */
export interface OwnText {
  readonly code: string;
  readonly module: Module;
  readonly scopes: Scopes;
  readonly functions: readonly FunctionDeclaration[];
  readonly evaluate: (expression: Expression) => Constant | undefined;
}

/** Reads a text. Throws `WgslError` where it breaks WGSL's grammar. */
export const ownText = (code: string): OwnText => ownTextOf(code, parse(code));

/** A text with its tree. */
export function ownTextOf(code: string, module: Module): OwnText {
  const scopes = resolve(module);
  const functions = module.declarations.filter((one) => one.kind === "function");
  return { code, module, scopes, functions, evaluate: evaluator(scopes) };
}

/** The source of a node of the text, without spaces. */
export const written = ({ code }: OwnText, { at, end }: Span): string => code.slice(at, end).replace(/\s+/g, "");

const plainTypes = new WeakMap<Name, string>();

/** A type by the names that WGSL has for it: `vec2u` for `vec2<u32>` and its aliases, `struct P` for the text's P. */
export function plainType(text: OwnText, type: Name): string {
  const known = plainTypes.get(type) ?? writtenOut(text, type);
  plainTypes.set(type, known);
  return known;
}

function writtenOut(text: OwnText, type: Name): string {
  const node = definitionOf(text.scopes, type)?.node;
  if (node?.kind === "alias") {
    const meant = text.scopes.aliased.get(node);
    if (!meant) throw new WgslError(`${type.name} is declared by itself`, type.at);
    return plainType(text, meant);
  }
  if (node) return `struct ${type.name}`;
  const inside = type.template.map((one, i) =>
    one.kind === "name" && !(type.name === "array" && i === 1)
      ? plainType(text, one)
      : String(wholeNumber(text.evaluate(one)) ?? written(text, one)),
  );
  const letter = { f32: "f", u32: "u", i32: "i", f16: "h" }[inside[0] ?? ""];
  if (letter !== undefined && /^(?:vec[234]|mat[234]x[234])$/.test(type.name)) return type.name + letter;
  return type.name + (inside.length > 0 ? `<${inside.join(",")}>` : "");
}
