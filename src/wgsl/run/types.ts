// Types of WGSL, each made once, so that equal types are the same object; with the layout of their values in memory
// (WGSL, section 14.4) and as slots: numbers of a value in order, one a scalar.
import { WgslError } from "../error.ts";

/** Abstract numbers are those of literals: 64-bit integers and float64, which become the type that is needed. */
export type ScalarName = "bool" | "i32" | "u32" | "f32" | "f16" | "abstract-int" | "abstract-float";

interface Common {
  /** As WGSL spells it. */
  readonly name: string;
  /** Scalars in a value; of a runtime-sized array those of one element. */
  readonly slots: number;
  /** Bytes in memory, of a runtime-sized array 0; 0 too where a value has no place in memory. */
  readonly size: number;
  readonly align: number;
}

export interface ScalarType extends Common {
  readonly kind: "scalar";
  readonly scalar: ScalarName;
}

export interface VectorType extends Common {
  readonly kind: "vector";
  readonly width: number;
  readonly of: ScalarType;
}

export interface MatrixType extends Common {
  readonly kind: "matrix";
  readonly columns: number;
  readonly column: VectorType;
  /** Bytes from a column to the next. */
  readonly stride: number;
}

interface ArrayType extends Common {
  readonly kind: "array";
  readonly of: Type;
  /** Undefined for a runtime-sized array. */
  readonly count: number | undefined;
  /** Bytes from an element to the next. */
  readonly stride: number;
}

interface Member {
  readonly name: string;
  readonly type: Type;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** Scalars before it. */
  readonly slot: number;
}

interface StructType extends Common {
  readonly kind: "struct";
  readonly members: readonly Member[];
}

interface AtomicType extends Common {
  readonly kind: "atomic";
  readonly of: ScalarType;
}

export type Space = "function" | "private" | "workgroup" | "storage" | "uniform";

interface PointerType extends Common {
  readonly kind: "pointer";
  readonly space: Space;
  readonly of: Type;
  readonly writable: boolean;
}

export type Type = ScalarType | VectorType | MatrixType | ArrayType | StructType | AtomicType | PointerType;

/** The most scalars that a value or a variable of a function may have. */
const maxSlots = 65_536;

const bytes: Readonly<Record<ScalarName, number>> = {
  bool: 4,
  i32: 4,
  u32: 4,
  f32: 4,
  f16: 2,
  "abstract-int": 0,
  "abstract-float": 0,
};

const scalars = Object.fromEntries(
  (Object.keys(bytes) as ScalarName[]).map((name): [ScalarName, ScalarType] => [
    name,
    { kind: "scalar", scalar: name, name, slots: 1, size: bytes[name], align: bytes[name] || 1 },
  ]),
) as Readonly<Record<ScalarName, ScalarType>>;

export const { bool, i32, u32, f32, f16 } = scalars;
/** Scalars by the letter that ends literals and short names of vectors and matrices. */
export const byLetter: Readonly<Record<string, ScalarType>> = { i: i32, u: u32, f: f32, h: f16 };
export const abstractInt = scalars["abstract-int"];
export const abstractFloat = scalars["abstract-float"];

/** Types that are made of another one, by a key: equal ones are the same object. */
const made = new WeakMap<Type, Map<string, Type>>();

function once<T extends Type>(from: Type, key: string, make: () => T): T {
  const known = made.get(from) ?? new Map<string, Type>();
  made.set(from, known);
  const type = known.get(key) ?? make();
  known.set(key, type);
  return type as T;
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/** A vector of 2, 3 or 4 scalars. One of three is aligned as one of four, and takes the bytes of three. */
export const vectorOf = (width: number, of: ScalarType): VectorType =>
  once(of, `vec${width}`, () => ({
    kind: "vector",
    name: `vec${width}<${of.name}>`,
    width,
    of,
    slots: width,
    size: width * of.size,
    align: (width === 3 ? 4 : width) * of.align,
  }));

/** A matrix: in memory an array of columns. */
export const matrixOf = (columns: number, rows: number, of: ScalarType): MatrixType => {
  const column = vectorOf(rows, of);
  const stride = roundUp(column.size, column.align);
  return once(column, `mat${columns}`, () => ({
    kind: "matrix",
    name: `mat${columns}x${rows}<${of.name}>`,
    columns,
    column,
    stride,
    slots: columns * rows,
    size: columns * stride,
    align: column.align,
  }));
};

/** An array; without `count` a runtime-sized one. */
export const arrayOf = (of: Type, count: number | undefined): ArrayType => {
  const stride = roundUp(of.size, of.align);
  return once(of, `array${count}`, () => ({
    kind: "array",
    name: `array<${of.name}${count === undefined ? "" : `, ${count}`}>`,
    of,
    count,
    stride,
    slots: of.slots * (count ?? 1),
    size: stride * (count ?? 0),
    align: of.align,
  }));
};

export const atomicOf = (of: ScalarType): AtomicType =>
  once(of, "atomic", () => ({ kind: "atomic", name: `atomic<${of.name}>`, of, slots: 1, size: 4, align: 4 }));

export const pointerTo = (space: Space, of: Type, writable: boolean): PointerType =>
  once(of, `${space} ${writable}`, () => {
    const access = space === "storage" ? `, ${writable ? "read_write" : "read"}` : "";
    return {
      kind: "pointer",
      name: `ptr<${space}, ${of.name}${access}>`,
      space,
      of,
      writable,
      slots: 0,
      size: 0,
      align: 1,
    };
  });

/** A struct that a text declares; `size` and `align` are those of attributes. */
export function structOf(
  name: string,
  given: readonly { readonly name: string; readonly type: Type; readonly size?: number; readonly align?: number }[],
): StructType {
  const members: Member[] = [];
  let [offset, slot, most] = [0, 0, 1];
  for (const { name: label, type, size = type.size, align = type.align } of given) {
    offset = roundUp(offset, align);
    members.push({ name: label, type, offset, slot });
    offset += size;
    slot += type.slots;
    most = Math.max(most, align);
  }
  return { kind: "struct", name, members, slots: slot, size: roundUp(offset, most), align: most };
}

/** A scalar of a value: which, and how many bytes from the value's start. */
export interface Place {
  readonly scalar: ScalarType;
  readonly offset: number;
}

const places = new WeakMap<Type, readonly Place[]>();

/** The scalars of a value in order. Throws `WgslError` for more than 65,536, which no function has room for. */
export function placesOf(type: Type): readonly Place[] {
  const known = places.get(type);
  if (known) return known;
  if (type.slots > maxSlots) throw new WgslError(`${type.name} has more than ${maxSlots} numbers`, 0);
  const found = findPlaces(type);
  places.set(type, found);
  return found;
}

const repeated = (inner: readonly Place[], count: number, stride: number): Place[] =>
  Array.from({ length: count }, (_, i) =>
    inner.map(({ scalar, offset }) => ({ scalar, offset: i * stride + offset })),
  ).flat();

function findPlaces(type: Type): readonly Place[] {
  switch (type.kind) {
    case "scalar":
      return [{ scalar: type, offset: 0 }];
    case "atomic":
      return [{ scalar: type.of, offset: 0 }];
    case "vector":
      return repeated(placesOf(type.of), type.width, type.of.size);
    case "matrix":
      return repeated(placesOf(type.column), type.columns, type.stride);
    case "array":
      return repeated(placesOf(type.of), type.count ?? 1, type.stride);
    case "struct":
      return type.members.flatMap(({ type: of, offset }) =>
        placesOf(of).map((place) => ({ scalar: place.scalar, offset: offset + place.offset })),
      );
    case "pointer":
      return [];
  }
}

export const isFloat = ({ scalar }: ScalarType): boolean =>
  scalar === "f32" || scalar === "f16" || scalar === "abstract-float";

export const isAbstract = ({ scalar }: ScalarType): boolean => scalar.startsWith("abstract");

/** The scalars that a scalar, a vector or a matrix consists of; undefined for other types. */
export function scalarOf(type: Type): ScalarType | undefined {
  if (type.kind === "scalar") return type;
  if (type.kind === "vector") return type.of;
  return type.kind === "matrix" ? type.column.of : undefined;
}

/** Whether f16 is among a value's scalars, so that two of them may share a word. */
export const hasHalves = (type: Type): boolean => {
  if (type.kind === "struct") return type.members.some((member) => hasHalves(member.type));
  return type.kind === "array" ? hasHalves(type.of) : scalarOf(type)?.scalar === "f16";
};

/** The same type of other scalars: `vec3<f32>` of u32 is `vec3<u32>`. */
export function withScalar(type: Type, scalar: ScalarType): Type {
  if (type.kind === "scalar") return scalar;
  if (type.kind === "vector") return vectorOf(type.width, scalar);
  if (type.kind === "matrix") return matrixOf(type.columns, type.column.width, scalar);
  if (type.kind === "array" && type.count !== undefined) return arrayOf(withScalar(type.of, scalar), type.count);
  return type;
}

/**
 * For each scalar of the product of two matrices, or of a matrix and a vector, the scalars of either whose products are
 * added up, in order (WGSL, section 8.7). A vector on the left is a row, one on the right a column.
 */
export function productPairs(left: Type, right: Type): readonly (readonly (readonly [number, number])[])[] {
  const rows = left.kind === "matrix" ? left.column.width : 1;
  const terms = left.slots / rows;
  return Array.from({ length: rows * (right.slots / terms) }, (_, i) => {
    const [row, column] = [i % rows, Math.floor(i / rows)];
    return Array.from({ length: terms }, (_, k) => [k * rows + row, column * terms + k] as const);
  });
}
