import { WgslError } from "../../error.ts";
import { dependenciesFirst } from "../../order.ts";
import type { EntryPoint } from "../program.ts";
import type { Code } from "./code.ts";
import { compile } from "./expressions.ts";
import { control, type Instance, type Lowering, newLabel, place, within } from "./lowering.ts";
import { firstSlot, noSlots } from "./slots.ts";
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
  const main: Instance = { function: entry.function, pointers: new Map(), start: newLabel(), calls: [], deepest: 0 };
  const lowering: Lowering = {
    slots: noSlots(mostSlots),
    operations: [],
    instances: new Map([["", main]]),
    numbers: new Map(),
    memory: new Set(),
    privates: new Set(),
    compile,
    pending: [],
    numbersNamed: 0,
    span: entry.function.span,
    instance: main,
    pointers: new Map(),
    surroundings: { nesting: 0, exit: newLabel(), breakable: 0, loop: 0 },
  };
  for (const parameter of entry.function.parameters) firstSlot(lowering.slots, parameter);
  // Calls add instances while the map is gone through.
  for (const instance of lowering.instances.values()) lowerFunction(lowering, instance);
  const { operations, slots, privates, memory } = lowering;
  for (const variable of privates) firstSlot(slots, variable);
  return {
    operations,
    slots: slots.count,
    depth: depthOf(main),
    constants: slots.constants,
    variables: slots.variables,
    privates: [...privates].map((variable) => ({ variable, initial: variable.initial })),
    memory,
  };
}

function lowerFunction(lowering: Lowering, instance: Instance): void {
  const { body, span, name } = instance.function;
  const leave = newLabel();
  lowering.instance = instance;
  lowering.pointers = new Map(instance.pointers);
  lowering.span = span;
  place(lowering, instance.start);
  within(lowering, { nesting: 0, exit: leave, breakable: 0, loop: 0 }, () => lowerStatements(lowering, body));
  place(lowering, leave);
  control(lowering, { kind: "leave", span });
  if (lowering.operations.length > maxOperations) {
    throw new WgslError(`more than ${maxOperations} operations, with ${name}`, span.at);
  }
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
