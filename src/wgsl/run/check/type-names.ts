import { definitionOf, predeclaredKindOf, type Scopes } from "../../scopes.ts";
import type { Attribute, Name, Struct, Expression as Syntax } from "../../tree.ts";
import {
  arrayOf,
  atomicOf,
  bool,
  byLetter,
  f16,
  f32,
  i32,
  matrixOf,
  pointerTo,
  type ScalarType,
  type Space,
  structOf,
  type Type,
  u32,
  vectorOf,
} from "../types.ts";
import { fail } from "./context.ts";

const scalars: Readonly<Record<string, ScalarType>> = { bool, i32, u32, f32, f16 };
const spaces: readonly string[] = ["function", "private", "workgroup", "storage", "uniform"];

/** Most elements of an array with a fixed size, and most bytes of one. */
const maxBytes = 2 ** 30;

/** Reads types of a text by their names. `wholeNumber` computes sizes; `features` are the extensions that are enabled. */
export function typeReader(
  scopes: Scopes,
  features: ReadonlySet<string>,
  wholeNumber: (node: Syntax, what: string) => number,
): (name: Name) => Type | undefined {
  const structs = new Map<Struct, Type>();

  const required = (node: Syntax | undefined, of: Name): Type => {
    const type = node?.kind === "name" ? read(node) : undefined;
    if (!type) throw fail(`${of.name} needs a type`, node ?? of);
    return type;
  };
  const scalar = (node: Syntax | undefined, of: Name): ScalarType => {
    const type = required(node, of);
    if (type.kind !== "scalar") throw fail(`${of.name} is made of numbers, not of ${type.name}`, of);
    return type;
  };

  function predeclared(name: Name): Type | undefined {
    const { name: word, template } = name;
    const plain = scalars[word];
    if (plain) {
      if (plain === f16 && !features.has("f16")) throw fail("f16 needs enable f16;", name);
      return plain;
    }
    const vector = /^vec([234])([iufh]?)$/.exec(word);
    const matrix = /^mat([234])x([234])([fh]?)$/.exec(word);
    const letter = vector?.[2] || matrix?.[3];
    if (letter === "h" && !features.has("f16")) throw fail(`${word} needs enable f16;`, name);
    if (vector || matrix) {
      if (!letter && template.length === 0) return undefined; // what it is made of follows from its values
      const of = letter ? (byLetter[letter] as ScalarType) : scalar(template[0], name);
      if (vector) return vectorOf(Number(vector[1]), of);
      if (of !== f32 && of !== f16) throw fail(`a matrix of ${of.name}`, name);
      return matrixOf(Number(matrix?.[1]), Number(matrix?.[2]), of);
    }
    if (word === "array") return template.length === 0 ? undefined : arrayNamed(name);
    if (word === "atomic") {
      const of = scalar(template[0], name);
      if (of !== i32 && of !== u32) throw fail(`an atomic ${of.name}`, name);
      return atomicOf(of);
    }
    return word === "ptr" ? pointerNamed(name) : undefined;
  }

  function arrayNamed(name: Name): Type {
    const [element, size] = name.template;
    const of = required(element, name);
    if (of.kind === "array" && of.count === undefined) throw fail(`an array of ${of.name}`, name);
    if (!size) return arrayOf(of, undefined);
    const count = wholeNumber(size, "the size of an array");
    if (count < 1 || count * Math.max(of.size, 4) > maxBytes) throw fail(`an array of ${count} elements`, size);
    return arrayOf(of, count);
  }

  function pointerNamed(name: Name): Type {
    const [space, to, access] = name.template;
    const word = space?.kind === "name" ? space.name : "";
    if (!spaces.includes(word)) throw fail("ptr needs an address space", name);
    const given = access?.kind === "name" ? access.name : undefined;
    const writable = given ? given === "read_write" : word !== "storage" && word !== "uniform";
    return pointerTo(word as Space, required(to, name), writable);
  }

  function structNamed(node: Struct): Type {
    const known = structs.get(node);
    if (known) return known;
    const members = node.members.map(({ label, type, attributes }) => {
      const number = (what: string) => numberOf(attributes, what, wholeNumber);
      const found = required(type, type);
      const [size, align] = [number("size"), number("align")];
      if (size !== undefined && size < found.size) throw fail(`@size(${size}) of a ${found.name}`, type);
      if (align !== undefined && (align < 1 || !Number.isInteger(Math.log2(align))))
        throw fail(`@align(${align})`, type);
      return {
        name: label.name,
        type: found,
        ...(size === undefined ? {} : { size }),
        ...(align === undefined ? {} : { align }),
      };
    });
    if (members.length === 0) throw fail(`${node.label.name} has no members`, node.label);
    const type = structOf(node.label.name, members);
    structs.set(node, type);
    return type;
  }

  function read(name: Name): Type | undefined {
    const node = definitionOf(scopes, name)?.node;
    if (node?.kind === "struct") return structNamed(node);
    if (node?.kind === "alias") return read(node.type);
    if (node) return undefined;
    const kind = predeclaredKindOf(scopes, name);
    if (kind === "texture") throw fail(`${name.name}: textures and samplers are not run here`, name);
    return kind === "type" || kind === "atomic" ? predeclared(name) : undefined;
  }
  return read;
}

/** The argument of an attribute such as `@binding(1)`; undefined without the attribute. */
export function numberOf(
  attributes: readonly Attribute[],
  name: string,
  wholeNumber: (node: Syntax, what: string) => number,
): number | undefined {
  const found = attributes.find((one) => one.name === name);
  const value = found?.values?.[0];
  if (found && !value) throw fail(`@${name} needs a number`, found);
  return value && wholeNumber(value, `@${name}`);
}
