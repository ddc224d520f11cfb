import { WgslError } from "../../error.ts";
import type { Code } from "../lower/code.ts";
import { lower } from "../lower/lower.ts";
import type { EntryPoint, Variable } from "../program.ts";
import type { Divergence } from "./divergence.ts";
import { fillSlot } from "./inputs.ts";
import { newMachine } from "./machine.ts";
import { plain } from "./plain.ts";
import { type Memory, memoryOver, type Print, type State } from "./state.ts";
import { runWorkgroups, strandsOf } from "./workgroups.ts";

/** Options of a run. */
export interface ExecuteOptions {
  /** How many workgroups there are, in x, y and z. */
  readonly workgroups: readonly [number, number, number];
  /** The bytes of each storage and uniform variable that the entry point uses. Stores go there. */
  readonly buffers: ReadonlyMap<Variable, ArrayBuffer>;
  /** Lanes of a subgroup: a power of two from 4 to 128; 32 unless given. */
  readonly subgroupSize?: number;
  /** Which lanes share a position in the code: those of a subgroup, the default, or of a workgroup, which is faster. */
  readonly strands?: "subgroup" | "workgroup";
  /** Operations that strands may take together; 50 million unless given. */
  readonly maxSteps?: number;
  /** Lines of `print` that are kept; 10,000 unless given. */
  readonly maxPrints?: number;
  /** Whether lanes that do not meet at a barrier are an error, the default, or end the run and are reported. */
  readonly onDivergence?: "throw" | "report";
}

/** What a run has found. */
export interface Execution {
  /** Accesses out of bounds, in characters from the start of the text, each once. */
  readonly outOfBounds: readonly { readonly at: number }[];
  /** The divergence that ended the run, if one did. */
  readonly divergence: readonly Divergence[];
  readonly prints: readonly Print[];
  /** Lines of `print` beyond those that are kept. */
  readonly droppedPrints: number;
  /** Operations that strands took together. */
  readonly steps: number;
}

/** The most lanes of a workgroup, and bytes of their variables, of workgroup memory and of a buffer. */
const maxLanes = 1024;
const maxBytes = 64 * 1024 * 1024;
const maxBufferBytes = 2 ** 31 - 1;

/**
 * Runs an entry point: workgroups, strands and lanes in ascending order. Loads out of bounds give 0, stores out of
 * bounds are dropped. Everything is determined by the program, the buffers and the options.
 *
 * @throws WgslError with its position in the text: for a buffer that is missing or too short, for a workgroup that is
 * too large, when the budget of steps is used up, and for lanes that do not meet at a barrier. RangeError for options.
 */
export function execute(entry: EntryPoint, options: ExecuteOptions): Execution {
  const { workgroups, buffers, subgroupSize = 32, strands = "subgroup" } = options;
  const { maxSteps = 50_000_000, maxPrints = 10_000, onDivergence = "throw" } = options;
  checkOptions(workgroups, subgroupSize);
  const [x, y, z] = entry.workgroupSize;
  const width = x * y * z;
  const { at } = entry.function.span;
  if (!(width >= 1 && width <= maxLanes)) throw new WgslError(`a workgroup of ${width}, not 1 to ${maxLanes}`, at);
  const code = lower(entry, Math.floor(maxBytes / 4 / width));
  const { memory, own } = memoryFor(code, buffers);
  const state = newState(code, width, memory, subgroupSize, maxPrints);
  for (const { slot, scalar, value } of code.constants) fillSlot(state, slot, scalar, value);
  const divergence = runWorkgroups({
    entry,
    code,
    machine: newMachine(code, state, plain, maxSteps),
    workgroups,
    own,
    strands: strandsOf(width, strands === "workgroup" ? width : subgroupSize, code.depth),
  });
  if (divergence && onDivergence === "throw") throw new WgslError(divergence.message, divergence.at);
  return {
    outOfBounds: [...state.outOfBounds].map((position) => ({ at: position })),
    divergence: divergence ? [divergence] : [],
    prints: state.prints,
    droppedPrints: state.droppedPrints,
    steps: state.steps,
  };
}

function checkOptions(workgroups: readonly number[], subgroupSize: number): void {
  if (workgroups.some((count) => !Number.isInteger(count) || count < 0 || count > 65_535)) {
    throw new RangeError(`workgroups are ${workgroups.join(" × ")}; each count is from 0 to 65,535 in WebGPU`);
  }
  if (![4, 8, 16, 32, 64, 128].includes(subgroupSize)) {
    throw new RangeError(`subgroupSize is ${subgroupSize}; it is a power of two from 4 to 128 in WGSL`);
  }
}

function newState(
  code: Code,
  width: number,
  memory: ReadonlyMap<Variable, Memory>,
  subgroupSize: number,
  mostPrints: number,
): State {
  const slots = new ArrayBuffer(code.slots * width * 4);
  return {
    width,
    f32: new Float32Array(slots),
    i32: new Int32Array(slots),
    u32: new Uint32Array(slots),
    active: { bounds: new Int32Array(width + 1), length: 0 },
    memory,
    subgroupSize,
    outOfBounds: new Set(),
    prints: [],
    mostPrints,
    droppedPrints: 0,
    workgroup: [0, 0, 0],
    steps: 0,
  };
}

/** Memory of all variables that code uses; `own` is that of each workgroup. */
function memoryFor(code: Code, buffers: ReadonlyMap<Variable, ArrayBuffer>) {
  const memory = new Map<Variable, Memory>();
  const own: Memory[] = [];
  const users = new Map<ArrayBuffer, Variable>();
  let bytes = 0;
  for (const variable of code.memory) {
    if (variable.space === "workgroup") {
      bytes += variable.type.size;
      if (bytes > maxBytes) throw new WgslError(`more than ${maxBytes} bytes of workgroup memory`, variable.span.at);
      const made = memoryOver(new ArrayBuffer(variable.type.size));
      memory.set(variable, made);
      own.push(made);
    } else memory.set(variable, memoryOver(bufferOf(variable, buffers, users)));
  }
  return { memory, own };
}

/** The buffer of a variable. Throws if it is missing, too short, or another variable's while one of them is written. */
function bufferOf(
  variable: Variable,
  buffers: ReadonlyMap<Variable, ArrayBuffer>,
  users: Map<ArrayBuffer, Variable>,
): ArrayBuffer {
  const { name, type, span, writable } = variable;
  const buffer = buffers.get(variable);
  if (!buffer) throw new WgslError(`${name} has no buffer`, span.at);
  const { byteLength } = buffer;
  const least = leastBytes(type);
  if (byteLength < least) throw new WgslError(`${name} has ${byteLength} bytes; its type needs ${least}`, span.at);
  if (byteLength > maxBufferBytes) throw new WgslError(`${name} has ${byteLength} bytes, more than 2 GiB`, span.at);
  const user = users.get(buffer);
  if (user && (writable || user.writable)) {
    throw new WgslError(`${name} and ${user.name} have one buffer, and one of them is written`, span.at);
  }
  users.set(buffer, variable);
  return buffer;
}

/** The bytes of a type; of a runtime-sized array those of one element. */
function leastBytes(type: Variable["type"]): number {
  if (type.kind === "array" && type.count === undefined) return type.stride;
  if (type.kind !== "struct") return type.size;
  const last = type.members.at(-1);
  return last ? Math.max(type.size, last.offset + leastBytes(last.type)) : type.size;
}
