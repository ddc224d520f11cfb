import { expect } from "vitest";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { type ExecuteOptions, type Execution, execute } from "../../../src/wgsl/run/execute/execute.ts";
import type { Variable } from "../../../src/wgsl/run/program.ts";

type Numbers =
  | Float32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>;

/** What storage and uniform variables hold, by their names; stores change it. */
export type Given = Readonly<Record<string, Numbers>>;

/** Options of a run; there is one workgroup unless given. */
export type Options = Partial<Omit<ExecuteOptions, "buffers">>;

/** Runs the one entry point of a text. */
export function runText(code: string, given: Given, options: Options = {}): Execution {
  const program = checkProgram(code);
  const [entry] = [...program.entryPoints.values()];
  if (!entry) throw new Error("no entry point");
  const buffers = new Map<Variable, ArrayBuffer>();
  for (const variable of entry.function.uses) {
    const numbers = given[variable.name];
    if (variable.binding && numbers) buffers.set(variable, numbers.buffer);
  }
  return execute(entry, Object.assign({ workgroups: [1, 1, 1] as const, buffers }, options));
}

/** Runs a text with a strand for each subgroup and with one for each workgroup, which has to give the same. */
export function runBoth(code: string, given: Given, options: Options = {}): Execution {
  const copies = Object.fromEntries(Object.entries(given).map(([name, numbers]) => [name, numbers.slice()]));
  const found = runText(code, given, Object.assign({ strands: "subgroup" as const }, options));
  const other = runText(code, copies, Object.assign({ strands: "workgroup" as const }, options));
  for (const [name, numbers] of Object.entries(given)) {
    const [one, two] = [numbers, copies[name] as Numbers].map(({ buffer }) => new Uint8Array(buffer));
    expect(two, name).toEqual(one);
  }
  expect(other.outOfBounds.map(({ at }) => at).sort()).toEqual(found.outOfBounds.map(({ at }) => at).sort());
  return found;
}

/**
 * What a body computes for each of 64 lanes: it sets `result`, from `lane`, and may use helpers that stand before it.
 */
export function resultsOf(body: string, helpers = "", options: Options = {}, lanes = 64): number[] {
  const out = new Uint32Array(lanes);
  const code = `enable subgroups; enable f16; ${helpers}
    @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @compute @workgroup_size(${lanes}) fn main(@builtin(local_invocation_index) lane: u32) {
      var result = 0u; ${body} out[lane] = result;
    }`;
  runBoth(code, { out }, options);
  return [...out];
}

/** What a function gives for each lane. */
export const forLanes = (result: (lane: number) => number, lanes = 64): number[] =>
  Array.from({ length: lanes }, (_, lane) => result(lane) >>> 0);
