import type {
  CallExpr as Call,
  TypedData as Data,
  WgslDebug as Debugger,
  MemoryTracker as Tracker,
} from "wgsl_reflect";
// The package's entry for Node is CommonJS that Node takes for a module; its other file works.
// @ts-expect-error it has no types
import * as library from "wgsl_reflect/wgsl_reflect.module.js";
import { evaluate } from "../../src/gpu/constant-expression.ts";
import type { Shader } from "../../src/gpu/specialise.ts";
import { withoutComments } from "../../src/wgsl/comments.ts";
import type { Dispatch } from "./dispatch.ts";

const { CallExpr, MemoryTracker, TypedData, WgslDebug, WgslExec, detectRaces } =
  library as typeof import("wgsl_reflect");

/** What one workgroup did, alone. */
export interface Run {
  /** Races and barriers that not all threads reach, in the detector's words. */
  readonly faults: readonly string[];
  /** 4-byte words that it wrote, as `buffer[word]`. */
  readonly written: ReadonlySet<string>;
  /** The content of the buffers afterwards. */
  readonly buffers: ReadonlyMap<string, Float32Array>;
  /** Bytes of every load and store of its buffers, uniforms left out. */
  readonly requestedBytes: number;
  /** Components of fused multiply-adds. */
  readonly multiplyAdds: number;
}

/**
 * The kernel in words that the detector's interpreter understands: it takes `workgroup` and `block` for keywords; knows
 * no aliases, no assertions, no bool and no builtin in a struct, and constants only after their declaration; evaluates
 * an index twice; and overlooks a barrier that comes first in a loop's body.
 */
function legible(code: string, { constants, aliases }: Shader["declarations"]): string {
  let text = withoutComments(code).replace(/(?<!var<)\b(workgroup|block)\b/g, "own_$1");
  text = text.replace(/(struct Grid \{)[^}]*/, "$1 own_workgroup: vec3u, workgroups: vec3u ");
  text = text.replace(
    /\bgrid: Grid(,[^{]*\{)/,
    "@builtin(workgroup_id) of_id: vec3u, @builtin(num_workgroups) of_grid: vec3u$1 let grid = Grid(of_id, of_grid);",
  );
  text = text.replace(/(\w+)\[(atomic\w+\([^()]*\))\] =/g, "let own_index = $2; $1[own_index] =");
  text = text.replace(/\bexists: bool/g, "exists: u32").replace(/\bsum\.exists\b/g, "(sum.exists != 0)");
  text = text.replace(/\bhighest != IMPOSSIBLE && highest != INFINITE\b/g, "u32($&)");
  text = text.replace(/^const_assert\b[^;]*;/gm, "");
  let barriers = 0;
  text = text.replace(/\bworkgroupBarrier\(\);/g, (barrier) => `let before_barrier_${barriers++} = 0u; ${barrier}`);
  for (const [name, type] of [...aliases].reverse()) {
    text = text.replace(new RegExp(`^alias ${name} = .*;`, "m"), "").replaceAll(new RegExp(`\\b${name}\\b`, "g"), type);
  }
  const numbers: string[] = [];
  for (const [name, value] of constants) {
    const number = evaluate(value, constants);
    if (number === undefined) continue;
    text = text.replace(new RegExp(`^const ${name}\\b\\s*(:[^=]*)?=[^;]*;`, "m"), (_, type = "") => {
      numbers.push(`const ${name}${type} = ${number};`);
      return "";
    });
  }
  return `${numbers.join(" ")}${text}`;
}

/**
 * The kernel as workgroup `place` of the grid. The detector does not empty workgroup memory between workgroups, nor
 * does it watch that memory after the first, so that each is run alone, as the first of its grid.
 */
function placed(code: string, place: readonly number[], grid: readonly number[], size: readonly number[]): string {
  const renamed: string[] = [];
  const builtin = /@builtin\((workgroup_id|num_workgroups|global_invocation_id)\)\s*(\w+): vec3u/g;
  const vector = (numbers: readonly number[]) => `vec3u(${numbers.map((number) => `${number}u`).join(", ")})`;
  const parameters = code.replace(builtin, (_, what: string, name: string) => {
    const first = what === "workgroup_id" ? place : place.map((at, axis) => at * (size[axis] ?? 1));
    renamed.push(`let ${name} = ${what === "num_workgroups" ? vector(grid) : `first_${name} + ${vector(first)}`};`);
    return `@builtin(${what}) first_${name}: vec3u`;
  });
  return parameters.replace(/(\bfn main\([^{]*\{)/, `$1 ${renamed.join(" ")}`);
}

function bindGroups({ declarations }: Shader, { uniforms, inputs, outputs }: Dispatch) {
  const groups: Record<string, Record<string, ArrayBuffer | { uniform: ArrayBuffer }>> = {};
  const buffers = new Map<string, Float32Array>();
  for (const { group, binding, name, space, type } of declarations.bindings) {
    groups[group] ??= {};
    const slots = groups[group];
    if (space === "uniform") {
      const fields = declarations.structs.get(type) ?? [];
      const view = new DataView(new ArrayBuffer(4 * fields.length));
      fields.forEach((field, index) => {
        const value = uniforms[name]?.[field.name] ?? 0;
        if (field.type === "f32") view.setFloat32(4 * index, value, true);
        else view.setUint32(4 * index, value, true);
      });
      slots[binding] = { uniform: view.buffer };
      continue;
    }
    const given = inputs[name]?.slice() ?? new Float32Array(outputs[name] ?? 0).fill(Number.NaN);
    if (given.length === 0) throw new Error(`the dispatch says nothing of ${name}`);
    slots[binding] = given.buffer;
    buffers.set(name, new Float32Array(given.buffer));
  }
  return { groups, buffers };
}

/** Events of a run. */
interface Watch {
  readonly accessed: (buffer: string, offset: number, size: number, kind: "read" | "write") => void;
  readonly multipliedAndAdded: (components: number) => void;
  /** At each barrier and at the end, with the number of races so far. */
  readonly phaseEnded: (races: number) => void;
}

/** Methods of the interpreter that its types do not name. */
interface Interpreter {
  _callBuiltinFunction(call: Call, context: unknown): { readonly data?: ArrayLike<number> } | null;
}

/** An access of the phase since the last barrier, as the detector keeps it. */
interface Access {
  readonly bufferId: string;
  readonly offset: number;
  readonly size: number;
  readonly kind: "read" | "write";
  readonly atomic: boolean;
  readonly invocation: number;
}

/** The accesses of a phase that can race: of words that two threads use, that one writes, and not all atomically. */
function contended(phase: readonly Access[]): Access[] {
  const buffers = new Map<string, { thread: number; shared: boolean; written: boolean; atomic: boolean }[]>();
  for (const { bufferId, offset, size, kind, atomic, invocation: thread } of phase) {
    const words = buffers.get(bufferId) ?? [];
    buffers.set(bufferId, words);
    for (let word = offset >> 2; 4 * word < offset + size; word++) {
      const use = words[word] ?? { thread, shared: false, written: false, atomic: true };
      words[word] = use;
      use.shared ||= use.thread !== thread;
      use.written ||= kind === "write";
      use.atomic &&= atomic;
    }
  }
  return phase.filter(({ bufferId, offset, size }) => {
    const words = buffers.get(bufferId)?.slice(offset >> 2, (offset + size + 3) >> 2) ?? [];
    return words.some(({ shared, written, atomic }) => shared && written && !atomic);
  });
}

/** Reports what kernels do, and mends what the interpreter gets wrong between threads; the result undoes both. */
function mendInterpreter({ accessed, multipliedAndAdded, phaseEnded }: Watch): () => void {
  const { record } = MemoryTracker.prototype;
  MemoryTracker.prototype.record = function (this: Tracker, buffer, offset, size, kind, atomic) {
    accessed(buffer, offset, size, kind);
    record.call(this, buffer, offset, size, kind, atomic);
  };

  // It compares every access of a phase with every other.
  const { endPhase } = MemoryTracker.prototype;
  MemoryTracker.prototype.endPhase = function (this: Tracker) {
    const tracker = this as unknown as { _phase: readonly Access[] };
    tracker._phase = contended(tracker._phase);
    endPhase.call(this);
    phaseEnded(this.races.length);
  };

  const interpreter = WgslExec.prototype as unknown as Interpreter;
  const { _callBuiltinFunction } = interpreter;
  interpreter._callBuiltinFunction = function (this: Interpreter, call, context) {
    const result = _callBuiltinFunction.call(this, call, context);
    if (call.name === "fma") multipliedAndAdded(result?.data?.length ?? 1);
    return result;
  };

  // Where a struct is copied out of an array, it would copy the whole array.
  const { setData } = TypedData.prototype;
  TypedData.prototype.setData = function (this: Data, exec, value, type, offset, context) {
    if (!(value instanceof TypedData) || type.isArray) return setData.call(this, exec, value, type, offset, context);
    const bytes = new Uint8Array(value.buffer, value.offset, type.size).slice();
    new Uint8Array(this.buffer, offset, type.size).set(bytes);
  };

  // It keeps what a function returned at the place of the call, where the next thread's result would overwrite it.
  const { stepStack } = WgslDebug.prototype;
  const { setCachedReturnValue } = CallExpr.prototype;
  const results = new WeakMap<object, Map<Call, unknown>>();
  let own = new Map<Call, unknown>();
  WgslDebug.prototype.stepStack = function (this: Debugger, stack, stepInto) {
    own = results.get(stack) ?? new Map();
    results.set(stack, own);
    for (const [call, value] of own) setCachedReturnValue.call(call, value);
    return stepStack.call(this, stack, stepInto);
  };
  CallExpr.prototype.setCachedReturnValue = function (this: Call, value) {
    own.set(this, value);
    setCachedReturnValue.call(this, value);
  };
  return () => {
    MemoryTracker.prototype.record = record;
    MemoryTracker.prototype.endPhase = endPhase;
    interpreter._callBuiltinFunction = _callBuiltinFunction;
    TypedData.prototype.setData = setData;
    WgslDebug.prototype.stepStack = stepStack;
    CallExpr.prototype.setCachedReturnValue = setCachedReturnValue;
  };
}

/** Runs workgroup `place` of a dispatch, its threads in lockstep from barrier to barrier. */
export function runWorkgroup(shader: Shader, dispatch: Dispatch, place: readonly number[], code = shader.code): Run {
  return runWatched(shader, dispatch, place, code, () => {});
}

/** Whether a workgroup that runs `code` has a fault. A race ends the run. */
export function hasFault(shader: Shader, dispatch: Dispatch, place: readonly number[], code: string): boolean {
  const raced = new Error("there is a race");
  try {
    const { faults } = runWatched(shader, dispatch, place, code, (races) => {
      if (races > 0) throw raced;
    });
    return faults.length > 0;
  } catch (error) {
    if (error !== raced) throw error;
    return true;
  }
}

function runWatched(
  shader: Shader,
  dispatch: Dispatch,
  place: readonly number[],
  code: string,
  phaseEnded: Watch["phaseEnded"],
): Run {
  const { groups, buffers } = bindGroups(shader, dispatch);
  const written = new Set<string>();
  let requestedBytes = 0;
  let multiplyAdds = 0;
  const mend = mendInterpreter({
    accessed: (buffer, offset, size, kind) => {
      if (!buffers.has(buffer)) return;
      requestedBytes += size;
      if (kind === "read") return;
      for (let byte = offset; byte < offset + size; byte += 4) written.add(`${buffer}[${byte / 4}]`);
    },
    multipliedAndAdded: (components) => {
      multiplyAdds += components;
    },
    phaseEnded,
  });
  try {
    const text = placed(
      legible(code, shader.declarations),
      place,
      dispatch.workgroups,
      shader.declarations.workgroupSize,
    );
    const { races, errors } = detectRaces(text, "main", [1, 1, 1], groups);
    const faults = [...errors, ...new Set(races.map(({ message }) => message))];
    return { faults, written, buffers, requestedBytes, multiplyAdds };
  } finally {
    mend();
  }
}

/** Every workgroup of a grid, x fastest. */
export function places([x, y, z]: Dispatch["workgroups"]): [number, number, number][] {
  return Array.from({ length: x * y * z }, (_, i) => [i % x, Math.floor(i / x) % y, Math.floor(i / (x * y))]);
}
