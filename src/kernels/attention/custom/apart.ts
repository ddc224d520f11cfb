import { readFile } from "../../../gpu/read-declarations.ts";
import { type BindingDeclaration, bindingOf, type ShaderModule } from "../../../gpu/shader-module.ts";
import { type Edit, edited, prefixed } from "../../../wgsl/rename.ts";
import type { Name, Variable } from "../../../wgsl/tree.ts";
import { type OwnText, plainType } from "./text.ts";

/** How a text's names and bindings are set apart from the kernel's and from those of other texts. */
export interface Renaming {
  /** What errors call it. */
  readonly file: string;
  /** Comes before each of its names. */
  readonly prefix: string;
  /** Its first binding. */
  readonly first: number;
}

/** A text that can be joined with any other. */
export interface SetApart {
  readonly module: ShaderModule;
  /** Its resources, with the names that they have in the text. */
  readonly bindings: readonly BindingDeclaration[];
}

/**
 * The text with a prefix before its names, its resources at bindings of their own in the order in which they are
 * declared, and the aliases of their types resolved. Lines stay.
 */
export function apart(text: OwnText, { file, prefix, first }: Renaming): SetApart {
  const replaced = [...bindingEdits(text, first), ...typeEdits(text)];
  const code = edited(text.code, [...replaced, ...outside(replaced, prefixed(text.scopes, prefix))]);
  const usesHalf = [...text.scopes.meanings].some(
    ([{ name }, meaning]) =>
      typeof meaning === "object" && "predeclared" in meaning && /^(?:f16|(?:vec|mat).*h)$/.test(name),
  );
  const declares = readFile(code, file);
  return {
    module: { name: file, code: usesHalf ? `enable f16; ${code}` : code, parts: [], declares, renamed: prefix },
    bindings: (declares.bindings ?? []).map(bindingOf).map((one) => ({ ...one, name: one.name.slice(prefix.length) })),
  };
}

/** The edits that are inside none of the others, which do not overlap. */
function outside(others: readonly Edit[], edits: readonly Edit[]): Edit[] {
  const inOrder = (list: readonly Edit[]) => [...list].sort((a, b) => a.at - b.at);
  const sorted = inOrder(others);
  let next = 0;
  return inOrder(edits).filter(({ at }) => {
    for (let other = sorted[next]; other && other.end <= at; other = sorted[next]) next++;
    const other = sorted[next];
    return !other || at < other.at;
  });
}

const resourcesOf = ({ module }: OwnText): Variable[] =>
  module.declarations.filter((one) => one.kind === "variable").filter(({ keyword }) => keyword === "var");

/** Group 2 and bindings from `first` on, as numbers. */
function bindingEdits(text: OwnText, first: number): Edit[] {
  return resourcesOf(text).flatMap(({ attributes }, i) =>
    attributes.flatMap(({ name, values = [] }) =>
      values.map(({ at, end }) => ({ at, end, text: String(name === "group" ? 2 : first + i) })),
    ),
  );
}

/** The types of resources, and of members of structs, without the text's aliases: the engine reads them. */
function typeEdits(text: OwnText): Edit[] {
  const structs = text.module.declarations.filter((one) => one.kind === "struct");
  const types = [...resourcesOf(text), ...structs.flatMap(({ members }) => members)].flatMap(({ type }) => type ?? []);
  return types.flatMap((type: Name) => {
    const plain = plainType(text, type);
    const lines = text.code.slice(type.at, type.end).replace(/[^\n]/g, "");
    const isPlain = /^[\w<>,]+$/.test(plain); // no struct of the text
    return isPlain && plain !== text.code.slice(type.at, type.end)
      ? [{ at: type.at, end: type.end, text: plain + lines }]
      : [];
  });
}
