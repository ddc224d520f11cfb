import {
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  having,
  integer,
  listOf,
  nonEmpty,
  number,
  oneOf,
  recordOf,
  required,
  text,
} from "../../options/checks.ts";
import { WgslError } from "../error.ts";
import { checkProgram } from "./check/program.ts";
import { execute } from "./execute/execute.ts";
import type { EntryPoint, Program, Variable } from "./program.ts";

/** The content of a storage or uniform variable. A run writes to it in place. */
export interface RunBinding {
  /** `@group` of the variable, 0 unless given. */
  readonly group?: number;
  /** `@binding` of the variable. */
  readonly binding: number;
  /** Its bytes, in WGSL's layout; a typed array may be a part of its buffer. */
  readonly data: ArrayBuffer | ArrayBufferView;
}

export interface RunOptions {
  readonly bindings: readonly RunBinding[];
  /** How many workgroups there are, in x, y and z; each from 0 to 65,535, 1 unless given. */
  readonly workgroups: readonly [x: number, y?: number, z?: number];
  /** The entry point; needed only where the text has several. */
  readonly entryPoint?: string;
  /** Threads of a subgroup: a power of two from 4 to 128, 32 unless given. */
  readonly subgroupSize?: number;
  /** Values of `override` declarations, by name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Steps that may be taken, 50 million unless given: what ends an endless loop. */
  readonly maxSteps?: number;
}

const workgroupCount = integer(0, 65_535);

const bindingFields = fieldsOf<RunBinding>({
  group: integer(0),
  binding: required(integer(0)),
  data: required(having("byteLength", "an ArrayBuffer or a typed array")),
});

const fields = fieldsOf<RunOptions>({
  bindings: required((value) => (Array.isArray(value) ? undefined : "a list of bindings")),
  workgroups: required(either(listOf(workgroupCount, 1), listOf(workgroupCount, 2), listOf(workgroupCount, 3))),
  entryPoint: nonEmpty,
  subgroupSize: oneOf(4, 8, 16, 32, 64, 128),
  constants: recordOf(number),
  maxSteps: integer(1),
});

/** A place in the text, by its line, from 1. */
export interface SourceLine {
  readonly line: number;
}

/** What one thread printed. */
export interface PrintedLine extends SourceLine {
  /** `local_invocation_index`. */
  readonly lane: number;
  readonly workgroup: readonly [number, number, number];
  /** How many steps the run had taken. */
  readonly step: number;
  /** Scalars in order; booleans are 0 and 1. */
  readonly values: readonly number[];
}

export interface RunResult {
  /** Lines with accesses out of bounds. Loads gave 0, stores were dropped. */
  readonly outOfBounds: readonly SourceLine[];
  /** What `print(…)` wrote, up to 10,000 lines. */
  readonly prints: readonly PrintedLine[];
  /** Lines of `print(…)` beyond those. */
  readonly droppedPrints: number;
  /** Statements that groups of threads executed. */
  readonly steps: number;
}

/**
 * Runs a compute shader without a GPU, thread by thread as WGSL says: f32 and f16 rounded to nearest, integers that
 * wrap, memory of workgroups, barriers, atomics, subgroups. `print(value, …)` may be called in the text like a function.
 * Buffers are written in place. The same input gives the same bits everywhere.
 *
 * @param wgsl The text of a module.
 * @throws WgslError, with the line, where the text is wrong, a binding is missing or too short, threads of a workgroup
 *   do not meet at a barrier, or the steps are used up; OptionError for options.
 */
export function runWgsl(wgsl: string, options: RunOptions): RunResult {
  checkValue("runWgsl", "wgsl", text, wgsl);
  checkOptions("runWgsl", fields, options);
  options.bindings.forEach((one, i) => {
    checkOptions("runWgsl", bindingFields, one, `bindings[${i}].`);
  });
  const starts = [0, ...[...wgsl.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const lineAt = (at: number) => starts.findLastIndex((start) => start <= at) + 1;
  try {
    return run(wgsl, options, lineAt);
  } catch (error) {
    if (error instanceof WgslError) throw new WgslError(`line ${lineAt(error.at)}: ${error.message}`, error.at);
    throw error;
  }
}

function run(wgsl: string, options: RunOptions, lineAt: (at: number) => number): RunResult {
  const entry = entryOf(checkProgram(wgsl, options.constants), options.entryPoint);
  const [x, y = 1, z = 1] = options.workgroups;
  const { buffers, writeBack } = buffersOf(entry, options.bindings);
  const { subgroupSize = 32, maxSteps = 50_000_000 } = options;
  const found = execute(entry, { workgroups: [x, y, z], buffers, subgroupSize, maxSteps });
  writeBack();
  return {
    outOfBounds: found.outOfBounds.map(({ at }) => ({ line: lineAt(at) })),
    prints: found.prints.map(({ lane, workgroup, step, values, at }) => ({
      line: lineAt(at),
      lane,
      workgroup,
      step,
      values,
    })),
    droppedPrints: found.droppedPrints,
    steps: found.steps,
  };
}

function entryOf({ entryPoints }: Program, name: string | undefined): EntryPoint {
  const names = [...entryPoints.keys()];
  if (name === undefined && names.length !== 1) {
    throw new WgslError(names.length === 0 ? "no compute entry point" : `several entry points: ${names.join(", ")}`, 0);
  }
  const entry = entryPoints.get(name ?? (names[0] as string));
  if (!entry) throw new WgslError(`no entry point ${name}; there are ${names.join(", ") || "none"}`, 0);
  return entry;
}

/** A buffer for each variable; what a view shows is copied, and copied back after the run. */
function buffersOf({ function: { uses } }: EntryPoint, bindings: readonly RunBinding[]) {
  const buffers = new Map<Variable, ArrayBuffer>();
  const copies: (() => void)[] = [];
  for (const variable of uses) {
    const { binding: own, name, span } = variable;
    if (!own) continue;
    const found = bindings.find(({ group = 0, binding }) => group === own.group && binding === own.binding);
    if (!found) throw new WgslError(`${name}, @group(${own.group}) @binding(${own.binding}), has no data`, span.at);
    const { data } = found;
    if (data instanceof ArrayBuffer) {
      buffers.set(variable, data);
      continue;
    }
    const view = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const copy = view.slice().buffer;
    buffers.set(variable, copy);
    if (variable.writable) copies.push(() => view.set(new Uint8Array(copy)));
  }
  return {
    buffers,
    writeBack: () => {
      for (const copy of copies) copy();
    },
  };
}
