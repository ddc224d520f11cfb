// Calls of functions of the text, which leave expressions: arguments are computed, and the call is an operation of its
// own.
import type { Expression, UserFunction, Variable } from "../program.ts";
import type { Pointer } from "./code.ts";
import { hasCall } from "./effects.ts";
import { compileInto, control, copy, type Instance, kept, type Lowering, newLabel } from "./lowering.ts";
import { pointerOf } from "./references.ts";
import { addressSlot, consecutive, firstSlot, resultSlots } from "./slots.ts";

/**
 * Values of expressions, from left to right. A value that is followed by a call is copied: what is called may store to
 * the variable that it comes from, or return its own value to the same slots.
 */
export function valuesOf(lowering: Lowering, expressions: readonly Expression[]): (readonly number[])[] {
  const last = expressions.findLastIndex(hasCall);
  return expressions.map((expression, i) => {
    const slots = lowering.compile(lowering, expression);
    return i < last ? kept(lowering, slots, expression.span.at) : slots;
  });
}

/** Calls a function; the slots of what it returns, which are the same for each call. */
export function call(lowering: Lowering, { callee, values }: Extract<Expression, { kind: "call" }>): readonly number[] {
  const pointers = pass(lowering, callee, values);
  const instance = instanceOf(lowering, callee, pointers);
  lowering.instance.calls.push({ nesting: lowering.surroundings.nesting, callee: instance });
  control(lowering, { kind: "call", target: instance.start, span: lowering.span });
  return resultSlots(lowering.slots, callee);
}

/** Computes arguments and puts them into the slots of parameters; what those that are pointers point to. */
function pass(lowering: Lowering, callee: UserFunction, values: readonly Expression[]): Map<Variable, Pointer> {
  const pointers = new Map<Variable, Pointer>();
  const late: { readonly to: readonly number[]; readonly from: readonly number[]; readonly at: number }[] = [];
  const last = values.findLastIndex(hasCall);
  for (const [i, parameter] of callee.parameters.entries()) {
    const value = values[i] as Expression;
    const { at } = value.span;
    if (parameter.type.kind === "pointer") {
      const { variable, offset, address } = pointerOf(lowering, value);
      if (address !== undefined) late.push({ to: [addressSlot(lowering.slots, parameter)], from: [address], at });
      const own = address === undefined ? undefined : addressSlot(lowering.slots, parameter);
      pointers.set(parameter, { variable, offset, address: own });
      continue;
    }
    const to = consecutive(firstSlot(lowering.slots, parameter), parameter.type.slots);
    // A later argument may call the same function, which has one slot for each parameter.
    if (last < 0) compileInto(lowering, value, { slots: to, isFresh: true });
    else {
      const from = lowering.compile(lowering, value);
      late.push({ to, from: i < last ? kept(lowering, from, at) : from, at });
    }
  }
  for (const { to, from, at } of late) copy(lowering, to, from, at);
  return pointers;
}

/** A function as called with these pointers; it is lowered once for each combination. */
function instanceOf(lowering: Lowering, callee: UserFunction, pointers: ReadonlyMap<Variable, Pointer>): Instance {
  const keys = [...pointers.values()].map(
    ({ variable, offset, address }) => `${numberOf(lowering, variable)}:${offset}:${address !== undefined}`,
  );
  const key = [numberOf(lowering, callee), ...keys].join();
  const known = lowering.instances.get(key);
  if (known) return known;
  const instance: Instance = { function: callee, pointers, start: newLabel(), calls: [], deepest: 0 };
  lowering.instances.set(key, instance);
  return instance;
}

function numberOf({ numbers }: Lowering, of: object): number {
  const number = numbers.get(of) ?? numbers.size;
  numbers.set(of, number);
  return number;
}
