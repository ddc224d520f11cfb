// What a stepper says of memory and of the past, as plain objects.
import type { Memory } from "../execute/state.ts";
import type { Variable } from "../program.ts";
import { placesOf, type Type } from "../types.ts";
import { barriersLeft } from "./lens.ts";
import type { Opened } from "./open.ts";
import { operationAt } from "./trace.ts";
import type { Marks, MemoryInfo, MemoryState, Refused, RunEnd, Watched } from "./types.ts";

/** What is known of a buffer, or of a variable in workgroup memory. */
export function memoryInfo({ name, type, space, writable, binding }: Variable, { bytes }: Memory): MemoryInfo {
  const element = type.kind === "array" ? type.of : type;
  return {
    name,
    space: space ?? "storage",
    type: type.name,
    bytes,
    writable,
    group: binding?.group,
    binding: binding?.binding,
    scalars: isLarge(element) ? [] : placesOf(element).map(({ scalar, offset }) => ({ scalar: scalar.scalar, offset })),
    stride: type.kind === "array" ? type.stride : bytes,
  };
}

/** Elements with more scalars are not listed one by one. */
const isLarge = ({ slots }: Type) => slots > 1024;

/** The content of a memory now. */
export function memoryState({ memories, lens }: Opened, index: number): MemoryState {
  const memory = [...memories.values()][index];
  const counts = lens.log.counts[index];
  if (!memory || !counts) throw new RangeError(`memory ${index}; there are ${memories.size}`);
  return {
    bytes: new Uint8Array(memory.i32.buffer.slice(0)),
    reads: counts.reads.slice(),
    writes: counts.writes.slice(),
  };
}

/**
 * What a watch that begins with # gives: `#epoch`, the barriers that the workgroup has passed, and `#reads(x[i])` and
 * `#writes(x[i])`, how often this workgroup has accessed the first word of an element so far.
 */
export function figure(
  { memories, lens }: Opened,
  text: string,
  watched: (expression: string) => Watched | Refused,
): Watched | Refused {
  const scalars = [{ scalar: "u32", label: "" }] as const;
  const { width } = lens.dispatch.machine.state;
  if (text === "#epoch") return { type: "u32", scalars, values: new Float64Array(width).fill(barriersLeft(lens)) };
  const [, kind, name, index = ""] = /^#(reads|writes)\((\w+)\[(.+)\]\)$/s.exec(text) ?? [];
  const memory = [...memories.keys()].findIndex((one) => one.name === name && one.type.kind === "array");
  const type = [...memories.keys()][memory]?.type;
  if (!kind || type?.kind !== "array") {
    return { refused: "after # come epoch, reads(x[i]) or writes(x[i]), with x an array in memory", at: 0 };
  }
  const found = watched(`u32(${index})`);
  if ("refused" in found) return found;
  const counts = lens.log.counts[memory]?.[kind === "reads" ? "reads" : "writes"];
  return { type: "u32", scalars, values: found.values.map((at) => counts?.[Math.floor((at * type.stride) / 4)] ?? 0) };
}

/** How the run ended; undefined if it has not. */
export function endOf({ recording, text }: Opened): RunEnd | undefined {
  const { hasEnded, failure } = recording;
  if (!hasEnded) return undefined;
  if (!failure) return { kind: "ended", message: undefined, line: undefined };
  return { kind: failure.kind, message: failure.message, line: text.lineAt(failure.at) };
}

/** The most marks of each kind. */
const mostMarks = 10_000;

/** What happened in the steps that have run. */
export function marksOf(opened: Opened): Marks {
  const { recording, text } = opened;
  const { barriers, outOfBounds, races, prints, stretches, trace, dropped } = recording;
  const all = [barriers, outOfBounds, races, prints];
  return {
    barriers: barriers
      .slice(0, mostMarks)
      .map((step) => ({ step, line: text.layout.places[operationAt(trace, step)]?.line ?? 0 })),
    faults: faultsOf(opened),
    prints: prints
      .slice(0, mostMarks)
      .map(({ step, at, lane, values }) => ({ step, line: text.lineAt(at), lane, values })),
    stretches: Int32Array.from(stretches.slice(0, 3 * mostMarks)),
    dropped: all.reduce((sum, { length }) => sum + Math.max(0, length - mostMarks), dropped),
  };
}

type Fault = Marks["faults"][number];

function faultsOf(opened: Opened): readonly Fault[] {
  const { recording, text } = opened;
  const { outOfBounds, races, failure, trace } = recording;
  const outside = outOfBounds.slice(0, mostMarks).map(({ step, at }): Fault => {
    const message = "an index is out of bounds: loads give 0, stores are dropped";
    return { step, line: text.lineAt(at), kind: "out-of-bounds", message };
  });
  const found = [...outside, ...races.slice(0, mostMarks).map((one) => raceFault(opened, one))];
  found.sort((a, b) => a.step - b.step);
  if (!failure) return found;
  const { kind, message, at } = failure;
  return [...found, { step: trace.length, line: text.lineAt(at), kind, message }];
}

const raceMessages = {
  "write-write": "two lanes write one word, and no barrier is between them",
  "read-write": "one lane reads a word that another one writes, and no barrier is between them",
  "wrong-barrier": "the barrier between two accesses of one word does not order this memory",
} as const;

function raceFault({ text, memories }: Opened, { step, race }: Opened["recording"]["races"][number]): Fault {
  const { kind, first, second, variable, byte, parties } = race;
  const [earlier, lane] = parties;
  return {
    step,
    line: text.lineAt(second),
    kind: "race",
    message: raceMessages[kind],
    race: {
      kind,
      memory: [...memories.keys()].indexOf(variable),
      word: Math.floor(byte / 4),
      lane,
      earlier: { lane: earlier, line: text.lineAt(first) },
    },
  };
}
