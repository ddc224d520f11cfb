// Dispatches in the interpreter, watched for what depends on the order of threads.
import { buffersOf } from "../../../src/study/buffers.ts";
import type { Dispatch } from "../../../src/study/dispatch.ts";
import { entryOf } from "../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { numberAt, scalarsIn } from "../../../src/wgsl/run/contents.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import type { EntryPoint, Variable } from "../../../src/wgsl/run/program.ts";
import { newDetector } from "../../../src/wgsl/run/race/detector.ts";

/** The one entry point of a kernel. */
export const entryPointOf = (code: string): EntryPoint => entryOf(checkProgram(code), undefined);

/** What a dispatch did. */
export interface Watched {
  /** Races, barriers that not all threads reach, accesses out of bounds, each with its kind and lines. */
  readonly faults: readonly string[];
  /** What depends on the order of atomics. */
  readonly notes: readonly string[];
  /** The words of each output, by its name. */
  readonly outputs: ReadonlyMap<string, Uint32Array>;
  /** Names of outputs that hold NaN. */
  readonly withNaN: readonly string[];
}

/** What outputs hold before a dispatch: a NaN that nothing computes. */
export const unwritten = 0x7fdead11;

/**
 * Runs a kernel, with a seed in an order of its own. Without one, threads of a subgroup of four take turns, and accesses
 * are watched.
 */
export function watched(code: string, dispatch: Dispatch, seed?: number): Watched {
  const entry = entryPointOf(code);
  const buffers = buffersOf(entry, dispatch);
  for (const [{ name }, buffer] of buffers) if (name in dispatch.outputs) new Uint32Array(buffer).fill(unwritten);
  const detector = newDetector();
  const found = execute(entry, {
    workgroups: dispatch.workgroups,
    buffers,
    subgroupSize: 4,
    maxSteps: 2_000_000,
    onDivergence: "report",
    ...(seed === undefined ? { observers: [detector.observer] } : { seed }),
  });
  const written = [...buffers].filter(([{ writable }]) => writable);
  const line = (at: number) => code.slice(0, at).split("\n").length;
  return {
    faults: [
      ...detector.races().map(({ kind, between, variable, first, second }) => {
        return `${kind} of ${variable.name} between ${between}, lines ${line(first)} and ${line(second)}`;
      }),
      ...found.divergence.map(({ message, at }) => `${message}, line ${line(at)}`),
      ...found.outOfBounds.map(({ at }) => `out of bounds, line ${line(at)}`),
    ],
    notes: detector.notes().map(({ kind, first, second }) => `${kind}, lines ${line(first)} and ${line(second)}`),
    outputs: new Map(written.map(([{ name }, buffer]) => [name, new Uint32Array(buffer)])),
    withNaN: written.flatMap(([variable, buffer]) => (hasNaN(variable, buffer) ? [variable.name] : [])),
  };
}

function hasNaN({ type }: Variable, buffer: ArrayBuffer): boolean {
  const view = new DataView(buffer);
  return scalarsIn(type, buffer.byteLength).some(({ scalar: { scalar }, offset }) =>
    Number.isNaN(numberAt(view, scalar, offset)),
  );
}
