// The buffers of a text of one's own, as a JSON list describes them.
import { shown } from "../options/errors.ts";
import { WgslError } from "../wgsl/error.ts";
import { setNumberAt } from "../wgsl/run/contents.ts";
import type { EntryPoint, Program, Variable } from "../wgsl/run/program.ts";
import { type ScalarName, scalarOf, type Type } from "../wgsl/run/types.ts";
import { bufferBytes } from "./on-gpu.ts";

/** The types that elements of a buffer may have. */
const elementTypes = ["f32", "i32", "u32", "f16"] as const;
export type ElementType = (typeof elementTypes)[number];

/** A buffer of the list: its elements, or the fields of a uniform struct. */
export interface GivenBinding {
  readonly group: number;
  readonly binding: number;
  /** Undefined where fields are given. */
  readonly type: ElementType | undefined;
  /** Its bytes, for the variable that it is bound to. */
  readonly bytesFor: (variable: Variable) => ArrayBuffer;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The buffers of a list of `{ group, binding, type, values or length }`. Throws an error with the field, the value and
 * what is expected.
 *
 * @param from Where the list comes from: its errors begin with this.
 * @param maxBytes The most bytes of a buffer.
 */
export function bindingsIn(from: string, list: unknown, maxBytes: number = 2 ** 30): GivenBinding[] {
  if (!Array.isArray(list)) throw new Error(`${from}: is ${shown(list)}, expected a list of bindings`);
  const found = list.map((one, i) => readBinding(one, `${from}: [${i}]`, maxBytes));
  for (const [i, { group, binding }] of found.entries()) {
    const first = found.findIndex((other) => other.group === group && other.binding === binding);
    if (first < i) throw new Error(`${from}: [${first}] and [${i}] are both @group(${group}) @binding(${binding})`);
  }
  return found;
}

/**
 * A buffer for each variable of a text for which one is given. Throws an error for data that is for no variable, and
 * `WgslError` for a variable that the entry point uses and that has no data.
 *
 * @param name The text's, with which errors begin.
 */
export function boundBuffers(
  name: string,
  given: readonly GivenBinding[],
  { resources }: Program,
  entry: EntryPoint,
): Map<Variable, ArrayBuffer> {
  const isFor = ({ group, binding }: GivenBinding, variable: Variable) =>
    variable.binding?.group === group && variable.binding.binding === binding;
  for (const one of given) {
    if (resources.some((variable) => isFor(one, variable))) continue;
    throw new Error(`${name}: has no @group(${one.group}) @binding(${one.binding}), for which data is given`);
  }
  const buffers = new Map<Variable, ArrayBuffer>();
  for (const variable of resources) {
    const found = given.find((one) => isFor(one, variable));
    if (found) buffers.set(variable, found.bytesFor(variable).slice(0));
    else if (entry.function.uses.has(variable)) {
      const { name: own, binding, span } = variable;
      throw new WgslError(`${own}, @group(${binding?.group}) @binding(${binding?.binding}), has no data`, span.at);
    }
  }
  return buffers;
}

const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readBinding(value: unknown, at: string, maxBytes: number): GivenBinding {
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
  const bytes = bytesOf(type, values, length, { at, maxBytes });
  return { group, binding, type, bytesFor: () => bytes };
}

function wholeNumber(value: unknown, at: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${at} is ${shown(value)}, expected an integer of 0 or more`);
}

export const bytesOfElement = (type: ElementType): number => (type === "f16" ? 2 : 4);

function bytesOf(
  type: ElementType,
  values: unknown,
  length: unknown,
  { at, maxBytes }: { readonly at: string; readonly maxBytes: number },
): ArrayBuffer {
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
