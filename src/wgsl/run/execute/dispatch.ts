// What workgroups run with: memory, slots, strands, a machine.
import { WgslError } from "../../error.ts";
import type { Code } from "../lower/code.ts";
import { lower } from "../lower/lower.ts";
import type { EntryPoint, Variable } from "../program.ts";
import { fillSlot } from "./inputs.ts";
import { newMachine } from "./machine.ts";
import type { Observer } from "./observer.ts";
import type { Makers } from "./plain.ts";
import { randomOf, shuffle } from "./random.ts";
import { type Memory, memoryOver, type State } from "./state.ts";
import { type Dispatch, strandsOf } from "./workgroups.ts";

/** What all dispatches of an entry point have in common. */
interface Setting {
  readonly entry: EntryPoint;
  readonly code: Code;
  /** Lanes of a workgroup, of a subgroup and of a strand. */
  readonly width: number;
  readonly subgroupSize: number;
  readonly threads: Uint16Array;
  readonly strandWidth: number;
  readonly workgroups: readonly [number, number, number];
  readonly buffers: ReadonlyMap<Variable, Memory>;
  readonly maxPrints: number;
}

/** Which threads a subgroup has: those whose `local_invocation_index` are neighbours, or others. WGSL promises neither. */
export type Mapping = "linear" | "permuted";

/** What an entry point runs with, see `ExecuteOptions`. */
interface SettingOptions {
  readonly workgroups: readonly [number, number, number];
  readonly buffers: ReadonlyMap<Variable, ArrayBuffer>;
  readonly subgroupSize: number;
  readonly mapping?: Mapping | undefined;
  readonly strands: "subgroup" | "workgroup";
  readonly maxPrints: number;
}

/** The most lanes of a workgroup, and bytes of their variables, of workgroup memory and of a buffer. */
const maxLanes = 1024;
const maxBytes = 64 * 1024 * 1024;
const maxBufferBytes = 2 ** 31 - 1;

/** Lowers an entry point and takes its buffers. Throws as `execute` does for what cannot run. */
export function settingOf(entry: EntryPoint, options: SettingOptions): Setting {
  const { workgroups, subgroupSize, mapping, strands, maxPrints } = options;
  checkOptions(workgroups, subgroupSize);
  const [x, y, z] = entry.workgroupSize;
  const width = x * y * z;
  const { at } = entry.function.span;
  if (!(width >= 1 && width <= maxLanes)) throw new WgslError(`a workgroup of ${width}, not 1 to ${maxLanes}`, at);
  const code = lower(entry, Math.floor(maxBytes / 4 / width));
  const strandWidth = strands === "workgroup" ? width : subgroupSize;
  const buffers = bufferMemory(code, options.buffers);
  const threads = Uint16Array.from({ length: width }, (_, lane) => lane);
  if (mapping === "permuted") shuffle(threads, randomOf(1));
  return { entry, code, width, subgroupSize, threads, strandWidth, workgroups, buffers, maxPrints };
}

/** How a dispatch runs. */
interface Mode {
  readonly makers: Makers;
  readonly maxSteps: number;
  readonly observers: readonly Observer[];
  /** Slots of a lane in addition to those of the code. */
  readonly spareSlots?: number;
}

/** A dispatch with slots, strands and workgroup memory of its own. */
export function newDispatch(setting: Setting, { makers, maxSteps, observers, spareSlots = 0 }: Mode): Dispatch {
  const { entry, code, width, strandWidth, workgroups, buffers } = setting;
  const own = ownMemory(code);
  const state = newState(setting, new Map([...buffers, ...own]), code.slots + spareSlots);
  for (const { slot, scalar, value } of code.constants) fillSlot(state, slot, scalar, value);
  const machine = newMachine(code, state, makers, maxSteps, observers);
  const strands = strandsOf(width, strandWidth, code.depth);
  return { entry, code, machine, workgroups, own: [...own.values()], strands };
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
  { width, subgroupSize, threads, maxPrints }: Setting,
  memory: ReadonlyMap<Variable, Memory>,
  slotsOfLane: number,
): State {
  const slots = new ArrayBuffer(slotsOfLane * width * 4);
  return {
    width,
    f32: new Float32Array(slots),
    i32: new Int32Array(slots),
    u32: new Uint32Array(slots),
    active: { bounds: new Int32Array(width + 1), length: 0 },
    memory,
    subgroupSize,
    threads,
    outOfBounds: new Set(),
    prints: [],
    mostPrints: maxPrints,
    droppedPrints: 0,
    workgroup: [0, 0, 0],
    steps: 0,
  };
}

/** Memory of the variables that each workgroup has for itself. */
function ownMemory(code: Code): Map<Variable, Memory> {
  const memory = new Map<Variable, Memory>();
  let bytes = 0;
  for (const variable of code.memory) {
    if (variable.space !== "workgroup") continue;
    bytes += variable.type.size;
    if (bytes > maxBytes) throw new WgslError(`more than ${maxBytes} bytes of workgroup memory`, variable.span.at);
    memory.set(variable, memoryOver(new ArrayBuffer(variable.type.size)));
  }
  return memory;
}

/** Memory of the buffers that code uses. */
function bufferMemory(code: Code, buffers: ReadonlyMap<Variable, ArrayBuffer>): Map<Variable, Memory> {
  const memory = new Map<Variable, Memory>();
  const users = new Map<ArrayBuffer, Variable>();
  for (const variable of code.memory) {
    if (variable.space !== "workgroup") memory.set(variable, memoryOver(bufferOf(variable, buffers, users)));
  }
  return memory;
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
