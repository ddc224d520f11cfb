// How a GPU writes what is printed: a counter of lines, then a record of fixed size for each line that is kept.
import { WgslError } from "../../error.ts";
import type { PrintedLine } from "../results.ts";
import { placesOf, type ScalarName, type ScalarType, type Type } from "../types.ts";

/** A `print(…)` in a text. */
export interface PrintCall {
  readonly at: number;
  /** Its line, from 1. */
  readonly line: number;
  /** The types of its values. */
  readonly types: readonly Type[];
}

/** What a GPU printed. `step` is the number of the record: it grows along each lane, between lanes it means nothing. */
export interface GpuPrint extends PrintedLine {
  /** The type of each value. */
  readonly types: readonly ScalarName[];
}

/** Names that the text does not use, for what is added to it. */
export interface AddedNames {
  readonly struct: string;
  readonly buffer: string;
  readonly lane: string;
  readonly workgroup: string;
  /** The function that writes a record, for each `print(…)`. */
  readonly functions: readonly string[];
}

/** Words of a record before its values: the number of the call, the lane, the workgroup. */
const headWords = 5;

/** Words of the buffer before its records: the counter. */
const counterWords = 1;

const slotsOf = ({ types }: PrintCall): number => types.reduce((sum, { slots }) => sum + slots, 0);

/** Words of a record: all have those of the longest. */
export const wordsOfRecord = (calls: readonly PrintCall[]): number => headWords + Math.max(0, ...calls.map(slotsOf));

/** Bytes of a buffer for so many lines. */
export const bytesOfBuffer = (calls: readonly PrintCall[], lines: number): number =>
  4 * (counterWords + lines * wordsOfRecord(calls));

/** Most lines that fit into a buffer of so many bytes. */
export const linesIn = (bytes: number, calls: readonly PrintCall[]): number =>
  Math.max(0, Math.floor((bytes / 4 - counterWords) / wordsOfRecord(calls)));

/** Declarations for the end of a text: the buffer, the private variables, and a function for each `print(…)`. */
export function declarationsFor(
  calls: readonly PrintCall[],
  names: AddedNames,
  place: { readonly group: number; readonly binding: number },
  lines: number,
): string {
  const { struct, buffer, lane, workgroup, functions } = names;
  return [
    `struct ${struct} { count: atomic<u32>, words: array<u32> }`,
    `@group(${place.group}) @binding(${place.binding}) var<storage, read_write> ${buffer}: ${struct};`,
    `var<private> ${lane}: u32;`,
    `var<private> ${workgroup}: vec3<u32>;`,
    ...calls.map((call, i) => writerOf(call, i, functions[i] as string, names, lines, wordsOfRecord(calls))),
  ].join("\n");
}

/** The function that takes the values of a `print(…)` and writes its record, unless there are too many. */
function writerOf(
  { types, at }: PrintCall,
  number: number,
  name: string,
  { buffer, lane, workgroup }: AddedNames,
  lines: number,
  words: number,
): string {
  const head = [`${number}u`, lane, `${workgroup}.x`, `${workgroup}.y`, `${workgroup}.z`];
  let slot = headWords;
  const stores = types.flatMap((type, i) => {
    const first = slot;
    slot += type.slots;
    // A variable, as not every compiler takes an element of a parameter at an index that it does not know.
    return [`var v${i} = p${i};`, ...storesOf(type, `v${i}`, `at + ${first}u`, { words: `${buffer}.words`, at })];
  });
  return [
    `fn ${name}(${types.map((type, i) => `p${i}: ${type.name}`).join(", ")}) {`,
    `  let line = atomicAdd(&${buffer}.count, 1u);`,
    `  if (line < ${lines}u) {`,
    `    let at = line * ${words}u;`,
    ...head.map((word, i) => `    ${buffer}.words[at + ${i}u] = ${word};`),
    ...stores.map((statement) => `    ${statement}`),
    "  }",
    "}",
  ].join("\n");
}

/** The array of words, and the call, for messages. */
interface Target {
  readonly words: string;
  readonly at: number;
}

/** Statements that store the scalars of a value in order, from the word `first` on. */
function storesOf(type: Type, value: string, first: string, to: Target, depth = 0): string[] {
  switch (type.kind) {
    case "scalar":
      return [`${to.words}[${first}] = ${wordOf(type, value)};`];
    case "vector":
      return [..."xyzw"]
        .slice(0, type.width)
        .flatMap((letter, i) => storesOf(type.of, `${value}.${letter}`, `${first} + ${i}u`, to));
    case "matrix":
      return Array.from({ length: type.columns }, (_, i) =>
        storesOf(type.column, `${value}[${i}]`, `${first} + ${i * type.column.slots}u`, to),
      ).flat();
    case "array": {
      const i = `i${depth}`;
      const inner = storesOf(type.of, `${value}[${i}]`, `${first} + ${i} * ${type.of.slots}u`, to, depth + 1);
      return [`for (var ${i} = 0u; ${i} < ${type.count}u; ${i}++) { ${inner.join(" ")} }`];
    }
    case "struct":
      return type.members.flatMap(({ name, type: of, slot }) =>
        storesOf(of, `${value}.${name}`, `${first} + ${slot}u`, to, depth),
      );
    default:
      throw new WgslError(`print of a ${type.name}`, to.at);
  }
}

/** A scalar as a word. Every f16 is an f32. */
function wordOf({ scalar }: ScalarType, value: string): string {
  if (scalar === "bool") return `select(0u, 1u, ${value})`;
  if (scalar === "u32") return value;
  return scalar === "f16" ? `bitcast<u32>(f32(${value}))` : `bitcast<u32>(${value})`;
}

const readers: Readonly<Partial<Record<ScalarName, (view: DataView, at: number) => number>>> = {
  i32: (view, at) => view.getInt32(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  f16: (view, at) => view.getFloat32(at, true),
};

/**
 * Reads a buffer that a GPU has written: its lines, sorted by workgroup (x first), lane, and order in the lane; and how
 * many were dropped. Which those are depends on the order of the lanes.
 */
export function readRecords(
  calls: readonly PrintCall[],
  lines: number,
  content: ArrayBuffer,
): { readonly prints: GpuPrint[]; readonly droppedPrints: number } {
  const view = new DataView(content);
  const word = (i: number) => view.getUint32(4 * i, true);
  const written = word(0);
  const scalars = calls.map(({ types }) => types.flatMap(placesOf).map(({ scalar }) => scalar.scalar));
  const prints = Array.from({ length: Math.min(written, lines) }, (_, step): GpuPrint => {
    const at = counterWords + step * wordsOfRecord(calls);
    const types = scalars[word(at)] ?? [];
    const values = types.map((type, i) => {
      const slot = at + headWords + i;
      return readers[type]?.(view, 4 * slot) ?? word(slot);
    });
    const { line } = calls[word(at)] as PrintCall;
    return { line, lane: word(at + 1), workgroup: [word(at + 2), word(at + 3), word(at + 4)], step, values, types };
  });
  return { prints: prints.sort(byLane), droppedPrints: Math.max(0, written - lines) };
}

function byLane(one: GpuPrint, other: GpuPrint): number {
  const [x, y, z] = one.workgroup.map((count, i) => count - (other.workgroup[i] ?? 0));
  return z || y || x || one.lane - other.lane || one.step - other.step;
}
