// The buffers of a text, as a JSON file describes them.
import { parseJson } from "../../formats/json/strict-json.ts";
import { shown } from "../../options/errors.ts";
import { bufferBytes } from "../../study/on-gpu.ts";
import { setNumberAt } from "../../wgsl/run/contents.ts";
import type { Variable } from "../../wgsl/run/program.ts";
import { type ScalarName, scalarOf, type Type } from "../../wgsl/run/types.ts";
import { readTextFile } from "../read-text.ts";

/** The types that elements of a buffer may have. */
const elementTypes = ["f32", "i32", "u32", "f16"] as const;
export type ElementType = (typeof elementTypes)[number];

/** A buffer of the file: its elements, or the fields of a uniform struct. */
export interface GivenBinding {
  readonly group: number;
  readonly binding: number;
  /** Undefined where fields are given. */
  readonly type: ElementType | undefined;
  /** Its bytes, for the variable that it is bound to. */
  readonly bytesFor: (variable: Variable) => ArrayBuffer;
}

/** The most bytes of a buffer. */
const maxBytes = 2 ** 30;

type Fields = Readonly<Record<string, unknown>>;

/** Reads the file. Throws an error with the field, the value and what is expected. */
export async function readBindings(file: string): Promise<GivenBinding[]> {
  const list = parseJson(file, await readTextFile(file));
  if (!Array.isArray(list)) throw new Error(`${file}: is ${shown(list)}, expected a list of bindings`);
  const found = list.map((one, i) => readBinding(one, `${file}: [${i}]`));
  for (const [i, { group, binding }] of found.entries()) {
    const first = found.findIndex((other) => other.group === group && other.binding === binding);
    if (first < i) throw new Error(`${file}: [${first}] and [${i}] are both @group(${group}) @binding(${binding})`);
  }
  return found;
}

const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readBinding(value: unknown, at: string): GivenBinding {
  if (!isRecord(value)) throw new Error(`${at} is ${shown(value)}, expected an object`);
  const unknown = Object.keys(value).find((name) => !["group", "binding", "type", "values", "length"].includes(name));
  if (unknown !== undefined) throw new Error(`${at}.${unknown} is not known: group, binding, type, values, length are`);
  const group = wholeNumber(value["group"] ?? 0, `${at}.group`);
  const binding = wholeNumber(value["binding"], `${at}.binding`);
  const { values, length } = value;
  if ((values === undefined) === (length === undefined)) throw new Error(`${at}: expected either values or length`);
  if (isRecord(values)) {
    if (value["type"] !== undefined) throw new Error(`${at}.type is given, but values are fields of a struct`);
    return { group, binding, type: undefined, bytesFor: (variable) => structBytes(variable, values, `${at}.values`) };
  }
  const type = elementTypes.find((name) => name === value["type"]);
  if (!type) throw new Error(`${at}.type is ${shown(value["type"])}, expected ${elementTypes.join(", ")}`);
  const bytes = bytesOf(type, values, length, at);
  return { group, binding, type, bytesFor: () => bytes };
}

function wholeNumber(value: unknown, at: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${at} is ${shown(value)}, expected an integer of 0 or more`);
}

export const bytesOfElement = (type: ElementType): number => (type === "f16" ? 2 : 4);

function bytesOf(type: ElementType, values: unknown, length: unknown, at: string): ArrayBuffer {
  if (values !== undefined && !Array.isArray(values)) {
    throw new Error(`${at}.values is ${shown(values)}, expected a list of numbers or an object of fields`);
  }
  const numbers: readonly unknown[] | undefined = values;
  const count = numbers?.length ?? wholeNumber(length, `${at}.length`);
  const bytes = count * bytesOfElement(type);
  if (bytes > maxBytes) throw new Error(`${at}: has ${bytes} bytes, more than ${maxBytes}`);
  const buffer = new ArrayBuffer(bytes);
  const view = new DataView(buffer);
  for (const [i, value] of (numbers ?? []).entries()) {
    setNumberAt(view, type, i * bytesOfElement(type), numberOf(value, type, `${at}.values[${i}]`));
  }
  return buffer;
}

const named: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** Least and greatest value of a type, with what rounds to them. */
const ranges: Readonly<Record<ElementType, readonly [number, number]>> = {
  f32: [-(2 ** 128 - 2 ** 103), 2 ** 128 - 2 ** 103],
  f16: [-65_520, 65_520],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
};

/** A number of a type. Throws for what the type does not have. */
function numberOf(value: unknown, type: ElementType, at: string): number {
  const isFloat = type === "f32" || type === "f16";
  const special = isFloat && typeof value === "string" && Object.hasOwn(named, value) ? named[value] : undefined;
  if (special !== undefined) return special;
  const [least, greatest] = ranges[type];
  const isInside =
    typeof value === "number" && (isFloat ? Math.abs(value) < greatest : value >= least && value <= greatest);
  if (isInside && (isFloat || Number.isInteger(value))) return value;
  throw new Error(`${at} is ${shown(value)}, which is no ${type}`);
}

function structBytes(variable: Variable, fields: Fields, at: string): ArrayBuffer {
  const { name, type } = variable;
  if (type.kind !== "struct") throw new Error(`${at}: are fields of a struct, and ${name} is of type ${type.name}`);
  const buffer = new ArrayBuffer(bufferBytes(variable, type.size));
  fill(new DataView(buffer), type, 0, fields, at);
  return buffer;
}

/** Writes a value of a type: a number, a list of components, columns or elements, an object of members. */
function fill(view: DataView, type: Type, byte: number, value: unknown, at: string): void {
  if (type.kind === "struct") {
    fillStruct(view, type, byte, value, at);
    return;
  }
  const inner = elementsOf(type);
  if (!inner) {
    const scalar = scalarNameOf(type, at);
    setNumberAt(view, scalar, byte, numberOf(typeof value === "boolean" ? Number(value) : value, scalar, at));
    return;
  }
  if (!Array.isArray(value) || value.length !== inner.count) {
    const what = Array.isArray(value) ? `has ${value.length} entries` : `is ${shown(value)}`;
    throw new Error(`${at} ${what}, expected a list of ${inner.count} for ${type.name}`);
  }
  for (const [i, one] of value.entries()) fill(view, inner.type, byte + i * inner.stride, one, `${at}[${i}]`);
}

function fillStruct(view: DataView, type: Extract<Type, { kind: "struct" }>, byte: number, value: unknown, at: string) {
  if (!isRecord(value)) throw new Error(`${at} is ${shown(value)}, expected an object of ${type.name}'s members`);
  const names = type.members.map(({ name }) => name);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`${at}.${unknown}: ${type.name} has no such member; it has ${names.join(", ")}`);
  for (const { name, type: of, offset } of type.members) {
    const own = value[name];
    if (own === undefined) throw new Error(`${at}.${name} is missing`);
    fill(view, of, byte + offset, own, `${at}.${name}`);
  }
}

/** What a composite value consists of, in memory order. */
function elementsOf(type: Type): { readonly type: Type; readonly count: number; readonly stride: number } | undefined {
  if (type.kind === "vector") return { type: type.of, count: type.width, stride: type.of.size };
  if (type.kind === "matrix") return { type: type.column, count: type.columns, stride: type.stride };
  if (type.kind === "array") return { type: type.of, count: type.count ?? 0, stride: type.stride };
  return undefined;
}

function scalarNameOf(type: Type, at: string): ElementType {
  const scalar: ScalarName | undefined = type.kind === "atomic" ? type.of.scalar : scalarOf(type)?.scalar;
  const found = elementTypes.find((name) => name === scalar);
  if (!found) throw new Error(`${at}: a value of type ${type.name} cannot be given`);
  return found;
}
