// Compares buffers after a run with what they should hold.
import { numberAt } from "../../../wgsl/run/contents.ts";
import type { Variable } from "../../../wgsl/run/program.ts";
import { isWritten } from "../../on-gpu.ts";
import { type Ready, scalarOf } from "./run.ts";

/** A word that is not what it should be. */
export interface Wrong {
  readonly fault: "result" | "tail";
  readonly variable: Variable;
  /** Its number in the buffer. */
  readonly index: number;
  readonly got: number;
  /** Of words beyond the result, what was there before. */
  readonly expected: number;
  /** False where nothing has changed the word. */
  readonly isWritten: boolean;
  /** How many elements the result has. */
  readonly length: number;
}

/** The first word that is wrong; first of all one beyond a result. */
export function firstWrong(
  { expected, inputs }: Ready,
  within: number,
  before: ReadonlyMap<Variable, ArrayBuffer>,
  after: ReadonlyMap<Variable, ArrayBuffer>,
): Wrong | undefined {
  const written = [...after].filter(([variable]) => isWritten(variable));
  const pairs = written.map(([variable, buffer]): Pair => {
    const results = expected[variable.name] ?? new Float64Array();
    const isScratch = expected[variable.name] === undefined && inputs[variable.name] !== undefined;
    return { variable, results, isScratch, before: before.get(variable) as ArrayBuffer, after: buffer };
  });
  const tails = pairs.flatMap((pair) => wrongTail(pair) ?? []);
  return tails[0] ?? pairs.flatMap((pair) => wrongResult(pair, within) ?? [])[0];
}

interface Pair {
  readonly variable: Variable;
  readonly results: Float64Array;
  /** True of a buffer that a text may use as it likes. */
  readonly isScratch: boolean;
  readonly before: ArrayBuffer;
  readonly after: ArrayBuffer;
}

function wrongTail({ variable, results, isScratch, before, after }: Pair): Wrong | undefined {
  const [was, is] = [new Uint32Array(before), new Uint32Array(after)];
  const index = isScratch ? -1 : is.findIndex((word, i) => i >= results.length && word !== was[i]);
  if (index < 0) return undefined;
  const read = (buffer: ArrayBuffer) => numberAt(new DataView(buffer), scalarOf(variable), 4 * index);
  const shared = { variable, index, isWritten: true, length: results.length } as const;
  return { fault: "tail", got: read(after), expected: read(before), ...shared };
}

function wrongResult({ variable, results, before, after }: Pair, within: number): Wrong | undefined {
  const [was, is] = [new Uint32Array(before), new Uint32Array(after)];
  const [view, scalar] = [new DataView(after), scalarOf(variable)];
  for (const [index, expected] of results.entries()) {
    const got = numberAt(view, scalar, 4 * index);
    if (isNear(got, expected, within)) continue;
    const isWritten = was[index] !== is[index];
    return { fault: "result", variable, index, got, expected, isWritten, length: results.length };
  }
  return undefined;
}

/** Whether a number is as far as it may be from another, or less. */
export const isNear = (got: number, expected: number, within: number): boolean =>
  got === expected || Math.abs(got - expected) <= within * Math.max(1, Math.abs(expected));
