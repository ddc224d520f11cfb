// Reads what a WGSL text declares. The loader of `.wgsl` files runs it at build time; in a page it runs only for a
// user's texts.

import { withoutComments } from "../../wgsl/comments.ts";
import { WgslError } from "../../wgsl/error.ts";
import { parse } from "../../wgsl/parse.ts";
import type { Attribute, Declaration, Module, Span, Variable } from "../../wgsl/tree.ts";
import { checkTypeDepths } from "../../wgsl/type-depths.ts";
import { ShaderError, sourceError } from "../errors.ts";
import { checkSlots, type Declarations, joinDeclarations } from "./declarations.ts";
import {
  type BindingDeclaration,
  bindingOf,
  bindingText,
  type FileDeclarations,
  type ShaderModule,
} from "./shader-module.ts";
import { elementType } from "./type-size.ts";

/** The result of reading a text. Throws `ShaderError`, with the line, in place of a `WgslError`. */
export function reading<T>(file: string, code: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof WgslError ? sourceError(error.message, file, code, error.at) : error;
  }
}

/**
 * Reads the module-scope declarations of `code`. Throws `ShaderError` where it breaks WGSL's grammar, for a resource in
 * another form than the engine requires, and for two with the same group and binding.
 */
export function readFile(code: string, file: string): FileDeclarations {
  const module = reading(file, code, () => {
    const parsed = parse(code);
    checkTypeDepths(parsed);
    return parsed;
  });
  return declarationsOf(module, code, file);
}

/** The types of the tensors that a text's storage buffers are, by name, where the text alone determines them. */
export function typesOf({ bindings = [] }: FileDeclarations): NonNullable<ShaderModule["types"]> {
  const types = bindings.map(bindingOf).flatMap(({ name, type }) => {
    const element = elementType(type);
    return element ? [[name.replace(/_$/, ""), element] as const] : [];
  });
  return Object.fromEntries(types);
}

/** As `readFile`, for a text that is already parsed. */
function declarationsOf({ declarations }: Module, code: string, file: string): FileDeclarations {
  const bare = withoutComments(code);
  const text = ({ at, end }: Span) => bare.slice(at, end).trim();
  const found = <K extends Declaration["kind"]>(kind: K) =>
    declarations.filter((one): one is Extract<Declaration, { kind: K }> => one.kind === kind);
  const variables = found("variable");
  const bindings = variables.flatMap((variable) => readBinding(variable, text, file));
  checkSlots(file, bindings);
  const constants = variables.flatMap(({ keyword, label, value }) =>
    keyword === "const" && value ? [[label.name, text(value)]] : [],
  );
  const aliases = found("alias").map(({ label, type }) => [label.name, text(type)]);
  const structs = found("struct").map(({ label, inside }) => [label.name, text(inside)]);
  const workgroup = variables.flatMap(({ template, type }) =>
    type && template[0] && text(template[0]) === "workgroup" ? [text(type)] : [],
  );
  const sizes = found("function").flatMap(({ attributes }) =>
    attributes.filter(({ name }) => name === "workgroup_size"),
  );
  const [first, last] = [sizes[0]?.values?.[0], sizes[0]?.values?.at(-1)];
  return {
    ...(bindings.length > 0 ? { bindings: bindings.map(bindingText) } : {}),
    ...(structs.length > 0 ? { structs: Object.fromEntries(structs) } : {}),
    ...(constants.length > 0 ? { constants: Object.fromEntries(constants) } : {}),
    ...(aliases.length > 0 ? { aliases: Object.fromEntries(aliases) } : {}),
    ...(workgroup.length > 0 ? { workgroup } : {}),
    ...(first && last ? { workgroupSize: text({ at: first.at, end: last.end }) } : {}),
  };
}

/** The declarations of a text used without others. Throws `ShaderError` as `readFile` and `joinDeclarations` do. */
export function readDeclarations(code: string, file: string): Declarations {
  return joinDeclarations(file, [{ name: file, code, parts: [], declares: readFile(code, file) }]);
}

function readBinding(
  { attributes, template, label: { name }, type }: Variable,
  text: (span: Span) => string,
  file: string,
): BindingDeclaration[] {
  const [space, access = "read"] = template.map(text);
  if ((space !== "storage" && space !== "uniform") || !type) return [];
  const number = (attribute: string): number | undefined => {
    const given = attributes.filter((one: Attribute) => one.name === attribute);
    if (given.length > 1) throw new ShaderError(`${file}: ${name} has @${attribute} twice`, file);
    const [value] = given[0]?.values ?? [];
    const digits = /^(\d+)[iu]?$/.exec(value ? text(value) : "")?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const [group, binding] = [number("group"), number("binding")];
  if (group === undefined || binding === undefined || (access !== "read" && access !== "read_write")) {
    throw new ShaderError(
      `${file}: ${name} is declared in an unsupported form, expected @group and @binding, each with a number, ` +
        "and var<storage>, with read or read_write, or var<uniform>",
      file,
    );
  }
  return [{ group, binding, name, space, access, type: text(type).replace(/\s+/g, "") }];
}
