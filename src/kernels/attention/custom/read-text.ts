import { ShaderError, sourceError } from "../../../gpu/errors.ts";
import { readFile, reading as withLine } from "../../../gpu/shader/read-declarations.ts";
import { type BindingDeclaration, bindingOf, type ShaderModule } from "../../../gpu/shader/shader-module.ts";
import { WgslError } from "../../../wgsl/error.ts";
import { type Edit, edited, prefixed } from "../../../wgsl/rename.ts";
import { definitionOf } from "../../../wgsl/scopes.ts";
import type { Name, Variable } from "../../../wgsl/tree.ts";
import { operationsOf } from "./cost.ts";
import { checkText, defines, type Signature } from "./rules.ts";
import { type OwnText, ownText, plainType } from "./text.ts";

/** A function that the engine calls, and the part that calls it; one with a default part is optional. */
export interface Promised extends Signature {
  readonly calls: ShaderModule;
  readonly otherwise?: ShaderModule;
}

/** A text that follows the rules. */
export interface UserText extends SetApart {
  /** Parts that call its functions, or stand for those that it does not define. */
  readonly parts: readonly ShaderModule[];
  /** Whether a function uses its parameter of this index. */
  readonly uses: (name: string, parameter: number) => boolean;
  /** The part that calls its derivative, where it defines one. */
  readonly derivative: ShaderModule | undefined;
  /**
   * The tensors for which it says which element a pair reads: the functions for that, and for the score's slope by it.
   */
  readonly elements: ReadonlyMap<string, { readonly element: string; readonly slope: string | undefined }>;
  /** Maximum number of operations of its function, or of those for gradients, for a pair of a query and a key. */
  readonly operations: number;
}

/** How a text is read: its name, its functions, and how its names are kept separate. */
export interface Reading extends Renaming {
  /** The functions that the engine calls, the required one first. */
  readonly promises: readonly Promised[];
  /** The derivative of the required one, which only gradients call. */
  readonly derivative?: Promised;
  /** The functions of a tensor by its name, which only its gradient calls. */
  readonly ofTensor?: (name: string) => { readonly element: Signature; readonly slope: Signature };
}

/** Maximum bytes of a text. */
const maxBytes = 16 * 1024;

/** Reads a user's text. Throws `ShaderError`, with line and caret, for one that breaks a rule. */
export function readText(code: string, reading: Reading): UserText {
  const { file, promises, derivative } = reading;
  if (typeof code !== "string") throw new ShaderError(`${file}: wgsl is ${typeof code}, expected a text`, file);
  const bytes = new TextEncoder().encode(code).length;
  if (bytes > maxBytes) throw new ShaderError(`${file}: ${bytes} bytes of WGSL, expected at most ${maxBytes}`, file);
  const fail = (message: string, at: number) => sourceError(message, file, code, at);
  if (/^\/\/ with:/.test(code)) throw fail("parts are the engine's; take what is needed into the text", 0);
  // WGSL ends a line, and with it a comment, at more characters than JavaScript's tools do.
  const odd = code.search(/[\0\v\f\u0085\u2028\u2029]|\r(?!\n)/);
  if (odd >= 0) throw fail("a character that ends a line in WGSL alone, expected line feeds", odd);
  return withLine(file, code, () => {
    const text = ownText(code);
    checkText(text);
    const operations = operationsOf(text);
    const parts = promises.map((promise) => {
      if (defines(text, promise)) return promise.calls;
      if (promise.otherwise) return promise.otherwise;
      const { name, parameters, result } = promise;
      throw new ShaderError(`${file}: there is no function ${name}(${parameters.join(", ")}) -> ${result}`, file);
    });
    const [main] = promises;
    const ofDerivative = derivative && defines(text, derivative) ? derivative : undefined;
    const setApart = apart(text, reading);
    const elements = elementsOf(text, setApart, reading);
    const called = [main, ofDerivative].map((one) => one?.name);
    for (const { element, slope } of elements.values()) called.push(element, slope);
    return {
      ...setApart,
      parts,
      elements,
      uses: (name, parameter) => usesParameter(text, name, parameter),
      derivative: ofDerivative?.calls,
      operations: Math.max(...called.map((name = "") => operations.get(name) ?? 0)),
    };
  });
}

/** The tensors for which a text defines a function of elements. Throws `WgslError` for one with another signature. */
function elementsOf(text: OwnText, { bindings }: SetApart, { ofTensor }: Reading): UserText["elements"] {
  return new Map(
    bindings.flatMap(({ name, space, type }) => {
      const functions = space === "storage" ? ofTensor?.(name) : undefined;
      if (!functions) return [];
      const { element, slope } = functions;
      const placeOf = (of: Signature) => text.scopes.module.get(of.name)?.label.at ?? 0;
      const hasSlope = defines(text, slope);
      if (!defines(text, element)) {
        if (hasSlope) throw new WgslError(`${slope.name} without ${element.name}, which it belongs to`, placeOf(slope));
        return [];
      }
      if (type !== "array<f32>") {
        throw new WgslError(`${element.name} is of ${name}, which is ${type}, expected array<f32>`, placeOf(element));
      }
      return [[name, { element: element.name, slope: hasSlope ? slope.name : undefined }]];
    }),
  );
}

function usesParameter({ functions, scopes }: OwnText, name: string, index: number): boolean {
  const parameter = functions.find(({ label }) => label.name === name)?.parameters[index];
  return [...scopes.meanings.keys()].some((used) => definitionOf(scopes, used)?.node === parameter);
}

/** How a text's names and bindings are kept separate from the kernel's and from those of other texts. */
interface Renaming {
  /** What errors call it. */
  readonly file: string;
  /** Comes before each of its names. */
  readonly prefix: string;
  /** Its first binding. */
  readonly first: number;
}

/** A text that can be joined with any other. */
interface SetApart {
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
