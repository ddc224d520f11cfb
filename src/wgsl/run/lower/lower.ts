import { WgslError } from "../../error.ts";
import { dependenciesFirst } from "../../order.ts";
import type { EntryPoint, Expression, UserFunction, Variable } from "../program.ts";
import type { Code, LoweredFunction, Pointer, Slot } from "./code.ts";
import { insideOf } from "./effects.ts";
import { compile } from "./expressions.ts";
import { control, type Instance, type Lowering, newLabel, place, typed, within } from "./lowering.ts";
import { firstSlot, noSlots, type Slots } from "./slots.ts";
import { lowerStatements } from "./statements.ts";

/** The most operations of an entry point. */
const maxOperations = 1_000_000;

/**
 * Lowers an entry point, with at most so many slots for each lane. A function with parameters that are pointers is
 * lowered once for each combination of variables that they point to.
 *
 * @throws WgslError where there are more variables than slots, or too many operations.
 */
export function lower(entry: EntryPoint, mostSlots: number): Code {
  const main = newInstance(entry.function);
  const lowering = newLowering(main, noSlots(mostSlots));
  for (const parameter of entry.function.parameters) firstSlot(lowering.slots, parameter);
  const functions: LoweredFunction[] = [];
  // Calls add instances while the map is gone through.
  for (const instance of lowering.instances.values()) functions.push(lowerFunction(lowering, instance));
  for (const variable of lowering.privates) firstSlot(lowering.slots, variable);
  return codeOf(lowering, functions, depthOf(main));
}

const newInstance = (of: UserFunction): Instance => ({
  function: of,
  pointers: new Map(),
  start: newLabel(),
  calls: [],
  deepest: 0,
});

function newLowering(main: Instance, slots: Slots): Lowering {
  return {
    slots,
    operations: [],
    instances: new Map([["", main]]),
    numbers: new Map(),
    memory: new Set(),
    privates: new Set(),
    compile,
    pending: [],
    numbersNamed: 0,
    span: main.function.span,
    instance: main,
    pointers: new Map(),
    surroundings: { nesting: 0, exit: newLabel(), breakable: 0, loop: 0 },
  };
}

const codeOf = (
  { operations, slots, privates, memory }: Lowering,
  functions: readonly LoweredFunction[],
  depth: number,
): Code => ({
  operations,
  functions,
  slots: slots.count,
  depth,
  constants: slots.constants,
  variables: slots.variables,
  privates: [...privates].map((variable) => ({ variable, initial: variable.initial })),
  memory,
});

/** A value that is computed between two operations of other code, from what its slots and memory hold there. */
export interface LoweredValue {
  /** Operations that compute the value. They use the slots of the other code, and more after those. */
  readonly code: Code;
  readonly slots: readonly Slot[];
}

/**
 * Lowers an expression that stands in a function of lowered code, with at most so many slots in addition to those of the code.
 *
 * @throws WgslError where the code does not use a variable that the expression names, or there are too few slots.
 */
export function lowerValue(
  code: Code,
  { function: of, pointers }: LoweredFunction,
  value: Expression,
  more: number,
): LoweredValue {
  checkVariables(code, pointers, value);
  const instance = newInstance(of);
  const known = noSlots(code.slots + more);
  const slots: Slots = Object.assign(known, { count: code.slots, variables: new Map(code.variables) });
  const lowering = newLowering(instance, slots);
  lowering.pointers = new Map(pointers);
  lowering.span = value.span;
  const found = lowering.compile(lowering, value);
  control(lowering, { kind: "leave", span: value.span });
  return { code: codeOf(lowering, [], 1 + instance.deepest), slots: typed(found, value.type) };
}

/** Throws for variables that the code has no slots and no memory for. */
function checkVariables(code: Code, pointers: ReadonlyMap<Variable, Pointer>, value: Expression): void {
  const root =
    value.kind === "value"
      ? value.variable
      : value.kind === "load"
        ? value.from.root
        : value.kind === "memory"
          ? value.at.root
          : undefined;
  if (root && !pointers.has(root) && !code.variables.has(root) && !code.memory.has(root)) {
    throw new WgslError(`${root.name} is not used by this entry point`, value.span.at);
  }
  for (const inner of insideOf(value)) checkVariables(code, pointers, inner);
}

function lowerFunction(lowering: Lowering, instance: Instance): LoweredFunction {
  const { body, span, close, name } = instance.function;
  const first = lowering.operations.length;
  const leave = newLabel();
  lowering.instance = instance;
  lowering.pointers = new Map(instance.pointers);
  lowering.span = span;
  place(lowering, instance.start);
  within(lowering, { nesting: 0, exit: leave, breakable: 0, loop: 0 }, () => lowerStatements(lowering, body));
  place(lowering, leave);
  control(lowering, { kind: "leave", span: close });
  const end = lowering.operations.length;
  if (end > maxOperations) throw new WgslError(`more than ${maxOperations} operations, with ${name}`, span.at);
  return { function: instance.function, first, end, pointers: lowering.pointers };
}

/** The most frames that are open in a function and in those that it calls. */
function depthOf(main: Instance): number {
  const depths = new Map<Instance, number>();
  for (const instance of dependenciesFirst([main], ({ calls }) => calls.map(({ callee }) => callee))) {
    const ofCalls = instance.calls.map(({ nesting, callee }) => nesting + (depths.get(callee) ?? 0));
    depths.set(instance, 1 + ofCalls.reduce((most, depth) => Math.max(most, depth), instance.deepest));
  }
  return depths.get(main) ?? 0;
}
