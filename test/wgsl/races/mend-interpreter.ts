// Patches of wgsl_reflect's interpreter: what it gets wrong between threads, and reports of what kernels do.
import type {
  CallExpr as Call,
  Data,
  WgslDebug as Debugger,
  WgslParser as Parser,
  ScalarData as Scalar,
  MemoryTracker as Tracker,
  TypedData as Typed,
} from "wgsl_reflect";
// The package's entry for Node is CommonJS that Node takes for a module; its other file works.
// @ts-expect-error it has no types
import * as library from "wgsl_reflect/wgsl_reflect.module.js";
import { type Computed, countOperations } from "./count-operations.ts";
import type { Interpreter, Scheduler } from "./interpreter.ts";
import { mendValues } from "./mend-values.ts";
import { exchange } from "./subgroups.ts";

const { CallExpr, MemoryTracker, ScalarData, TypedData, WgslDebug, WgslExec, WgslParser, WorkgroupScheduler } =
  library as typeof import("wgsl_reflect");

/** Events of a run. */
export interface Watch {
  readonly accessed: (buffer: string, offset: number, size: number, kind: "read" | "write") => void;
  /** Operations on f32, of all threads. */
  readonly computed: Computed;
  /** Whether threads take turns statement by statement; otherwise each runs to its next barrier. */
  readonly interleaved: boolean;
  /** At each barrier and at the end, with the number of races so far. */
  readonly phaseEnded: (races: number) => void;
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

/** What it parsed last. */
let parsed: { readonly text: string; readonly nodes: ReturnType<Parser["parse"]> } | undefined;

/** Parses a text once for all workgroups; the result undoes it. */
function parseOnce(): () => void {
  const { parse } = WgslParser.prototype;
  WgslParser.prototype.parse = function (this: Parser, text) {
    if (parsed?.text !== text) parsed = { text: String(text), nodes: parse.call(this, text) };
    return parsed.nodes;
  };
  return () => {
    WgslParser.prototype.parse = parse;
  };
}

/** Reports what kernels do, and mends what the interpreter gets wrong between threads; the result undoes both. */
export function mendInterpreter({ accessed, computed, interleaved, phaseEnded }: Watch): () => void {
  const shuffles = exchange();
  const unmend = [parseOnce(), mendThreads(interleaved), mendValues(), countOperations(computed)];

  const { record } = MemoryTracker.prototype;
  MemoryTracker.prototype.record = function (this: Tracker, buffer, offset, size, kind, atomic) {
    accessed(buffer, offset, size, kind);
    record.call(this, buffer, offset, size, kind, atomic);
  };

  // It compares every access of a phase with every other.
  const { endPhase } = MemoryTracker.prototype;
  MemoryTracker.prototype.endPhase = function (this: Tracker) {
    if (shuffles.meets()) return;
    const tracker = this as unknown as { _phase: readonly Access[] };
    tracker._phase = contended(tracker._phase);
    endPhase.call(this);
    phaseEnded(this.races.length);
  };

  const interpreter = WgslExec.prototype as unknown as Interpreter;
  const { _callBuiltinFunction } = interpreter;
  interpreter._callBuiltinFunction = function (this: Interpreter, call, context) {
    const found = shuffles.builtin({
      call,
      argument: (i) => this.evalExpression(call.args?.[i], context),
      thread: (context.getVariable("@local_invocation_index")?.value as Scalar | undefined)?.value ?? 0,
      unsigned: (value) => new ScalarData(value, this.getTypeInfo("u32")),
    });
    return found ?? _callBuiltinFunction.call(this, call, context);
  };
  return () => {
    MemoryTracker.prototype.record = record;
    MemoryTracker.prototype.endPhase = endPhase;
    interpreter._callBuiltinFunction = _callBuiltinFunction;
    for (const undo of unmend.reverse()) undo();
  };
}

/** Mends what threads would get of each other's values; the result undoes it. */
function mendThreads(interleaved: boolean): () => void {
  // Where a struct is copied out of an array, it would copy the whole array.
  const { setData } = TypedData.prototype;
  TypedData.prototype.setData = function (this: Typed, exec, value, type, offset, context) {
    const isOther = !(value instanceof TypedData) || (type.isArray && value.typeInfo.size !== type.size);
    if (isOther) return setData.call(this, exec, value, type, offset, context);
    const bytes = new Uint8Array(value.buffer, value.offset, type.size).slice();
    new Uint8Array(this.buffer, offset, type.size).set(bytes);
  };

  // It keeps what a function returned at the place of the call, where the next thread's result would overwrite it.
  const interpreter = WgslExec.prototype as unknown as Interpreter;
  const { _evalCallValue } = interpreter;
  const { stepStack } = WgslDebug.prototype;
  const { _peek, _asBarrier } = WorkgroupScheduler.prototype as unknown as Scheduler;
  const { setCachedReturnValue } = CallExpr.prototype;
  const results = new WeakMap<object, Map<Call, Data>>();
  let own = new Map<Call, Data>();
  WgslDebug.prototype.stepStack = function (this: Debugger, stack, stepInto) {
    own = results.get(stack) ?? new Map();
    results.set(stack, own);
    for (;;) {
      const goesOn = stepStack.call(this, stack, stepInto);
      const next = interleaved ? null : _peek({ stack });
      if (next === null || _asBarrier(next) !== null) return goesOn;
    }
  };
  CallExpr.prototype.setCachedReturnValue = function (this: Call, value) {
    own.set(this, value as Data);
  };
  interpreter._evalCallValue = function (this: Interpreter, call, context) {
    return own.get(call) ?? _evalCallValue.call(this, call, context);
  };
  return () => {
    TypedData.prototype.setData = setData;
    WgslDebug.prototype.stepStack = stepStack;
    CallExpr.prototype.setCachedReturnValue = setCachedReturnValue;
    interpreter._evalCallValue = _evalCallValue;
  };
}
