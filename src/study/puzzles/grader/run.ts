// One run of a text on a case of a puzzle, in the interpreter.

import { scalarsIn } from "../../../wgsl/run/contents.ts";
import { execute } from "../../../wgsl/run/execute/execute.ts";
import type { Observer } from "../../../wgsl/run/execute/observer.ts";
import type { EntryPoint, Variable } from "../../../wgsl/run/program.ts";
import { newDetector } from "../../../wgsl/run/race/detector.ts";
import type { ScalarName } from "../../../wgsl/run/types.ts";
import { buffersOf } from "../../buffers.ts";
import { type Dispatch, type Inputs, inputsOf } from "../../dispatch.ts";
import { prepare } from "../../kernel.ts";
import { isWritten } from "../../on-gpu.ts";
import type { Case, Puzzle } from "../puzzle.ts";

/** Words of a buffer beyond those that a case needs: a text that counts on the buffer's length goes wrong. */
const spare = 37;
/** What words hold that nobody has written: NaNs, and integers that stand out; another one in inputs than in outputs. */
const poison = { f32: 0x7fc0_0bad, other: 0xdead_beef } as const;
const poisonOfInputs = { f32: 0x7fc0_dead, other: 0xdead_bead } as const;
/** Steps that a text may take: far more than any solution needs. */
export const maxSteps = 3_000_000;

/** A case with its inputs, its outputs as they should be, and its dispatch with longer buffers. */
export interface Ready {
  readonly dispatch: Dispatch;
  readonly inputs: Inputs;
  readonly expected: Readonly<Record<string, Float64Array>>;
}

/** Makes a case ready, with the inputs of a seed. */
export function readyCase({ kernel }: Puzzle, { sizes, change }: Case, seed: number): Ready {
  const { dispatch, sizes: all, value } = prepare(kernel, { sizes });
  const usual = inputsOf(dispatch, seed);
  const inputs = change?.(usual, all) ?? usual;
  const results = kernel.reference?.results(inputs, all, value) ?? {};
  const outputs = Object.entries(dispatch.outputs).map(([name, words]) => [name, words + spare] as const);
  return {
    dispatch: Object.assign({}, dispatch, { outputs: Object.fromEntries(outputs) }),
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, numbers]) => [name, longer(numbers)])),
    expected: Object.fromEntries(Object.entries(results).map(([name, { values }]) => [name, values])),
  };
}

function longer(numbers: Float32Array | Uint32Array): Float32Array | Uint32Array {
  const words = new Uint32Array(numbers.length + spare);
  words.set(new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length));
  words.fill(poisonOfInputs[numbers instanceof Float32Array ? "f32" : "other"], numbers.length);
  return numbers instanceof Float32Array ? new Float32Array(words.buffer) : words;
}

/** What the scalars of a buffer are, all of them of four bytes. */
export const scalarOf = ({ type }: Variable): ScalarName => scalarsIn(type, 64)[0]?.scalar.scalar ?? "u32";

/** The buffers before a run. Throws for one that the puzzle does not have. */
export function filledBuffers(entry: EntryPoint, { dispatch, inputs }: Ready): Map<Variable, ArrayBuffer> {
  const buffers = buffersOf(entry, dispatch, inputs);
  for (const [variable, buffer] of buffers) {
    if (!isWritten(variable) || inputs[variable.name]) continue;
    new Uint32Array(buffer).fill(poison[scalarOf(variable) === "f32" ? "f32" : "other"]);
  }
  return buffers;
}

/** How a case runs: with a seed's inputs, in subgroups of so many lanes, in ascending order or by a schedule. */
export interface Order {
  readonly seed: number;
  readonly subgroupSize: number;
  readonly schedule?: number;
  /** Whether subgroups have threads that are no neighbours. */
  readonly mapping?: "permuted";
}

/** A run that has ended. */
export interface Ran {
  readonly before: ReadonlyMap<Variable, ArrayBuffer>;
  readonly after: ReadonlyMap<Variable, ArrayBuffer>;
  readonly found: ReturnType<typeof execute>;
  /** Empty for a schedule and for such subgroups: what it would find is found in ascending order. */
  readonly races: ReturnType<ReturnType<typeof newDetector>["races"]>;
  readonly notes: ReturnType<ReturnType<typeof newDetector>["notes"]>;
}

/** Runs a case. Throws WgslError where it takes too many steps. */
export function runCase(
  entry: EntryPoint,
  ready: Ready,
  { subgroupSize, schedule, mapping }: Order,
  observers: readonly Observer[] = [],
): Ran {
  const detector = newDetector();
  const before = filledBuffers(entry, ready);
  const after = new Map([...before].map(([variable, buffer]) => [variable, buffer.slice(0)]));
  const found = execute(entry, {
    workgroups: ready.dispatch.workgroups,
    buffers: after,
    subgroupSize,
    maxSteps,
    observers: schedule === undefined && mapping === undefined ? [detector.observer, ...observers] : [],
    seed: schedule,
    mapping,
    onDivergence: "report",
  });
  return { before, after, found, races: detector.races(), notes: detector.notes() };
}
