// The reader's buffers as a run takes them, and a kernel's buffers as the reader may change them.
import { parseJson } from "../../../src/formats/json/strict-json.ts";
import { bindingsIn, boundBuffers } from "../../../src/study/bindings.ts";
import { type StudyKernel, shaped } from "../../../src/study/kernel.ts";
import { isWritten } from "../../../src/study/on-gpu.ts";
import { numberAt, scalarsIn } from "../../../src/wgsl/run/contents.ts";
import type { EntryPoint, Program, Variable } from "../../../src/wgsl/run/program.ts";
import { scalarOf, type Type } from "../../../src/wgsl/run/types.ts";
import { maxCharacters, type OwnBuffers, ownKernel } from "./given.ts";
import start from "./start.wgsl";

/** Bytes that buffers may have, of which several copies are kept. */
const maxBytes = 2 ** 24;
/** Workgroups of a dispatch, which random orders list. */
const maxWorkgroups = 2 ** 20;

/** The kernel whose whole text is the reader's. Its buffers are always given. */
export const ownText: StudyKernel = shaped(Object.assign({}, start, { name: ownKernel }), {
  sizes: {},
  small: { sizes: {} },
  dispatch: () => ({ uniforms: {}, inputs: {}, outputs: {}, workgroups: [1, 1, 1] }),
});

/** The buffers of what the entry point uses. Throws an error that says what is wrong with the JSON, and `WgslError`. */
export function boundBy(own: OwnBuffers, program: Program, entry: EntryPoint): Map<Variable, ArrayBuffer> {
  const { bindings, workgroups } = own;
  const groups = workgroups.reduce((product, size) => product * size, 1);
  if (groups > maxWorkgroups) throw new Error(`${groups} workgroups, of which there may be ${maxWorkgroups} here`);
  if (bindings.length > maxCharacters) {
    const most = `at most ${maxCharacters} fit a link`;
    throw new Error(`bindings: they have ${bindings.length} characters, ${most}; "length" gives zeros`);
  }
  const given = bindingsIn("bindings", parseJson("bindings", bindings), maxBytes);
  const bound = [...boundBuffers("the text", given, program, entry)];
  const bytes = bound.reduce((sum, [, { byteLength }]) => sum + byteLength, 0);
  if (bytes > maxBytes) throw new Error(`bindings: they have ${bytes} bytes, of which there may be ${maxBytes} here`);
  return new Map(bound.filter(([variable]) => entry.function.uses.has(variable)));
}

/** Numbers that uniforms hold, by the names of their members: axes of shapes. */
export function uniformNumbers(buffers: ReadonlyMap<Variable, ArrayBuffer>): Readonly<Record<string, number>> {
  const found = [...buffers].flatMap(([{ space, type }, bytes]) =>
    space !== "uniform" || type.kind !== "struct"
      ? []
      : type.members.flatMap(({ name, type: of, offset }) => {
          const scalar = of.kind === "scalar" ? of.scalar : undefined;
          return scalar ? [[name, numberAt(new DataView(bytes), scalar, offset)] as const] : [];
        }),
  );
  return Object.fromEntries(found);
}

/** A dispatch's buffers as the JSON that gives them. Floats are rounded to three digits; what is NaN becomes 0. */
export function bindingsOf(buffers: ReadonlyMap<Variable, ArrayBuffer>): string {
  const all = [...buffers].map(([variable, bytes]) => ({ variable, bytes, line: lineOf(variable, bytes, true) }));
  const order = ({ variable: { binding } }: (typeof all)[number]) =>
    [binding?.group ?? 0, binding?.binding ?? 0] as const;
  all.sort((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1]);
  // The longest become zeros until the rest fits a link.
  for (const one of [...all].sort((a, b) => b.line.length - a.line.length)) {
    if (all.reduce((sum, { line }) => sum + line.length, 0) < maxCharacters - 1000) break;
    one.line = lineOf(one.variable, one.bytes, false);
  }
  return `[\n${all.map(({ line }) => `  ${line}`).join(",\n")}\n]`;
}

function lineOf(variable: Variable, bytes: ArrayBuffer, withValues: boolean): string {
  const { type, space, binding } = variable;
  const view = new DataView(bytes);
  const place = { group: binding?.group || undefined, binding: binding?.binding };
  if (space === "uniform" && type.kind === "struct") return spaced({ ...place, values: valueIn(view, type, 0) });
  const places = scalarsIn(type, bytes.byteLength);
  const own = places[0]?.scalar.scalar ?? "u32";
  const scalar = places.every((one) => one.scalar.scalar === own) ? own : "u32"; // of a struct with several: its words
  const size = scalar === "f16" ? 2 : 4;
  const count = Math.floor(bytes.byteLength / size);
  const numbers = Array.from({ length: count }, (_, i) => jsonNumber(numberAt(view, scalar, i * size), 3));
  const isGiven = withValues && !(isWritten(variable) && numbers.every((value) => value === 0));
  return spaced({
    ...place,
    type: scalar,
    values: isGiven ? numbers : undefined,
    length: isGiven ? undefined : count,
  });
}

/** JSON in one line, without what is undefined, with spaces as people write them. */
const spaced = (value: unknown): string =>
  JSON.stringify(value, null, 1).replace(/\n\s*/g, " ").replace(/\[ /g, "[").replace(/ \]/g, "]");

/** A number of so many digits, if it is a fraction. NaN is what outputs hold before a run. */
function jsonNumber(value: number, digits: number): number | string {
  if (Number.isNaN(value)) return 0;
  if (!Number.isFinite(value)) return String(value);
  return Number.isInteger(value) ? value : Number(value.toPrecision(digits));
}

/** A value of a uniform: a number, a list of components or elements, an object of members. */
function valueIn(view: DataView, type: Type, byte: number): unknown {
  if (type.kind === "struct") {
    return Object.fromEntries(
      type.members.map(({ name, type: of, offset }) => [name, valueIn(view, of, byte + offset)]),
    );
  }
  const list = (count: number, of: Type, stride: number) =>
    Array.from({ length: count }, (_, i) => valueIn(view, of, byte + i * stride));
  if (type.kind === "array") return list(type.count ?? 0, type.of, type.stride);
  if (type.kind === "vector") return list(type.width, type.of, type.of.size);
  if (type.kind === "matrix") return list(type.columns, type.column, type.stride);
  return jsonNumber(numberAt(view, scalarOf(type)?.scalar ?? "u32", byte), 9);
}
