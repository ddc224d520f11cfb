import { definitionOf, predeclaredKindOf, type Scopes } from "../../scopes.ts";
import type { Name, Struct, Expression as Syntax } from "../../tree.ts";
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
  type Type,
  u32,
  vectorOf,
} from "../types.ts";
import { enumerantOf, fail, namesOverride, type WholeNumber } from "./context.ts";
import { isPart, misfit } from "./rules/type-rules.ts";
import { structTypeOf } from "./struct-types.ts";

const scalars: Readonly<Record<string, ScalarType>> = { bool, i32, u32, f32, f16 };
const spaces: readonly string[] = ["function", "private", "workgroup", "storage", "uniform"];

/** Most elements of an array with a fixed size, and most bytes of one. */
const maxBytes = 2 ** 30;

/** Types of a text. */
interface TypeReader {
  /** The type that a name stands for; undefined for a name of something else. */
  readonly typeOf: (name: Name) => Type | undefined;
  /** The same for a variable in workgroup memory, whose array may have the size that an `override` has. */
  readonly workgroupTypeOf: (name: Name) => Type | undefined;
  readonly structTypeOf: (node: Struct) => Type;
}

/** Reads types of a text by their names. `wholeNumber` computes sizes; `features` are the extensions that are enabled. */
export function typeReader(scopes: Scopes, features: ReadonlySet<string>, wholeNumber: WholeNumber): TypeReader {
  const structs = new Map<Struct, Type>();

  const required = (node: Syntax | undefined, of: Name, isWorkgroup = false): Type => {
    const type = node?.kind === "name" ? (isWorkgroup ? read(node) : typeOf(node)) : undefined;
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
      takes(name, 0, 0);
      if (plain === f16 && !features.has("f16")) throw fail("f16 needs enable f16;", name);
      return plain;
    }
    const vector = /^vec([234])([iufh]?)$/.exec(word);
    const matrix = /^mat([234])x([234])([fh]?)$/.exec(word);
    const letter = vector?.[2] || matrix?.[3];
    if (letter === "h" && !features.has("f16")) throw fail(`${word} needs enable f16;`, name);
    if (vector || matrix) {
      if (!letter && template.length === 0) return undefined; // what it is made of follows from its values
      takes(name, letter ? 0 : 1, letter ? 0 : 1);
      const of = letter ? (byLetter[letter] as ScalarType) : scalar(template[0], name);
      if (vector) return vectorOf(Number(vector[1]), of);
      if (of !== f32 && of !== f16) throw fail(`a matrix of ${of.name}`, name);
      return matrixOf(Number(matrix?.[1]), Number(matrix?.[2]), of);
    }
    if (word === "array") return template.length === 0 ? undefined : arrayNamed(name);
    if (word === "atomic") {
      takes(name, 1, 1);
      const of = scalar(template[0], name);
      if (of !== i32 && of !== u32) throw fail(`an atomic ${of.name}`, name);
      return atomicOf(of);
    }
    return word === "ptr" ? pointerNamed(name) : undefined;
  }

  function arrayNamed(name: Name): Type {
    takes(name, 1, 2);
    const [element, size] = name.template;
    const of = required(element, name);
    if (!isPart(of)) throw fail(`an array of ${of.name}`, name);
    if (!size) return arrayOf(of, undefined);
    const count = wholeNumber(size, "the size of an array", true);
    if (count < 1 || count * Math.max(of.size, 4) > maxBytes) throw fail(`an array of ${count} elements`, size);
    return arrayOf(of, count);
  }

  function pointerNamed(name: Name): Type {
    takes(name, 2, 3);
    const [space, to, access] = name.template;
    const word = enumerantOf(scopes, space) ?? "";
    if (!spaces.includes(word)) throw fail("ptr needs an address space", name);
    const isWritable = isWrittenIn(scopes, word as Space, access);
    const of = required(to, name, word === "workgroup");
    const why = misfit(of, word as Space, isWritable);
    if (why) throw fail(`a pointer to a ${of.name}: ${why}`, name);
    return pointerTo(word as Space, of, isWritable);
  }

  function structNamed(node: Struct): Type {
    const known = structs.get(node);
    if (known) return known;
    const types = node.members.map(({ type }) => required(type, type));
    const type = structTypeOf(node, types, wholeNumber);
    structs.set(node, type);
    return type;
  }

  function read(name: Name): Type | undefined {
    const node = definitionOf(scopes, name)?.node;
    if (node) takes(name, 0, 0);
    if (node?.kind === "struct") return structNamed(node);
    if (node?.kind === "alias") return read(node.type);
    if (node) return undefined;
    const kind = predeclaredKindOf(scopes, name);
    if (kind === "texture") throw fail(`${name.name}: textures and samplers are not run here`, name);
    return kind === "type" || kind === "atomic" ? predeclared(name) : undefined;
  }

  function typeOf(name: Name): Type | undefined {
    const type = read(name);
    const node = definitionOf(scopes, name)?.node;
    const { template } = (node?.kind === "alias" && scopes.aliased.get(node)) || name;
    const size = type?.kind === "array" ? template[1] : undefined;
    if (size && namesOverride(scopes, size))
      throw fail("an array whose size is an override, which only a variable of workgroup memory has", name);
    return type;
  }
  return { typeOf, workgroupTypeOf: read, structTypeOf: structNamed };
}

/** Throws for a name with another number of arguments in its template list. */
function takes({ name, template, at, end }: Name, least: number, most: number): void {
  if (template.length >= least && template.length <= most) return;
  throw fail(`${name} with ${template.length} arguments in <>, not ${least === most ? least : `${least} to ${most}`}`, {
    at,
    end,
  });
}

/** Whether memory of an address space is written to, by its access mode if the text gives one. */
export function isWrittenIn(scopes: Scopes, space: Space, access: Syntax | undefined): boolean {
  if (!access) return space !== "storage" && space !== "uniform";
  if (space !== "storage") throw fail(`memory of ${space} has no access mode`, access);
  const word = enumerantOf(scopes, access);
  if (word !== "read" && word !== "read_write") throw fail("storage is read or read_write", access);
  return word === "read_write";
}
