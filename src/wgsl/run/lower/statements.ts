// Statements as operations: which lanes go where.
import type { Expression, Statement } from "../program.ts";
import { operate } from "./arithmetic.ts";
import type { Condition, Label } from "./code.ts";
import { hasCall } from "./effects.ts";
import {
  compileInto,
  control,
  copy,
  emit,
  flush,
  kept,
  type Lowering,
  newLabel,
  place,
  releaseTemporaries,
  type Surroundings,
  typed,
  within,
  zeros,
} from "./lowering.ts";
import { loadFrom, locate, ownSlots, pointerOf, store, storeTo } from "./references.ts";
import { addressSlot, allocate, consecutive, firstSlot, resultSlots } from "./slots.ts";

type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

/** Lowers statements, one after the other. */
export function lowerStatements(lowering: Lowering, statements: readonly Statement[]): void {
  for (const statement of statements) {
    lowering.span = statement.span;
    lowerStatement(lowering, statement);
    flush(lowering);
    releaseTemporaries(lowering);
  }
}

function lowerStatement(lowering: Lowering, statement: Statement): void {
  switch (statement.kind) {
    case "declare":
      declare(lowering, statement);
      break;
    case "store":
      store(lowering, statement.to, statement.value);
      break;
    case "update":
      update(lowering, statement);
      break;
    case "evaluate":
      evaluate(lowering, statement.value);
      break;
    case "barrier":
      control(lowering, { kind: "barrier", of: statement.of, loads: [], span: statement.span });
      break;
    case "if":
      branch(lowering, statement);
      break;
    case "loop":
      loop(lowering, statement);
      break;
    case "switch":
      choose(lowering, statement);
      break;
    case "break":
    case "continue":
    case "return":
      jump(lowering, statement, undefined);
      break;
    case "print":
      print(lowering, statement);
      break;
  }
}

/** An expression for what it does; `_ = &x` only names a variable. */
function evaluate(lowering: Lowering, value: Expression): void {
  if (value.kind === "address") return;
  const isAtomic = value.kind === "memory" && value.name.startsWith("atomic");
  lowering.compile(lowering, value, isAtomic ? { slots: [], isFresh: true } : undefined);
}

function declare(lowering: Lowering, { variable, value, span: { at } }: Of<"declare">): void {
  if (variable.type.kind === "pointer") {
    const { variable: root, offset, address } = pointerOf(lowering, value as Expression);
    const own = address === undefined ? undefined : addressSlot(lowering.slots, variable);
    if (address !== undefined && own !== undefined) copy(lowering, [own], [address], at);
    lowering.pointers.set(variable, { variable: root, offset, address: own });
    return;
  }
  const slots = consecutive(firstSlot(lowering.slots, variable), variable.type.slots);
  if (value) compileInto(lowering, value, { slots, isFresh: true });
  else copy(lowering, slots, zeros(lowering, variable.type, at), at);
}

/** `to sign= value`: the place, what it holds, the value, the store. */
function update(lowering: Lowering, { to, sign, value, span: { at } }: Of<"update">): void {
  const pointer = locate(lowering, to);
  const loaded = loadFrom(lowering, pointer, to, to.type);
  const left = hasCall(value) ? kept(lowering, loaded, at) : loaded;
  const right = lowering.compile(lowering, value);
  const own = ownSlots(lowering, pointer, to.type);
  const operands = [
    { slots: left, type: to.type },
    { slots: right, type: value.type },
  ];
  const target = own && { slots: own, isFresh: false };
  storeTo(lowering, pointer, to, operate(lowering, sign, to.type, operands, target, at));
}

function print(lowering: Lowering, { values, span: { at } }: Of<"print">): void {
  const slots = values.map((value) => {
    const own = lowering.compile(lowering, value);
    return typed(values.some(hasCall) ? kept(lowering, own, at) : own, value.type);
  });
  emit(lowering, { kind: "print", values: slots.flat(), at });
}

/** The slot of a condition; of `!x` that of x. */
function conditionOf(lowering: Lowering, expression: Expression, isNegated = false): Condition {
  if (expression.kind === "operator" && expression.sign === "!") {
    return conditionOf(lowering, expression.operands[0] as Expression, !isNegated);
  }
  const [slot = 0] = lowering.compile(lowering, expression);
  return { slot, isNegated };
}

/** Ends the instructions of a statement that others are inside of. */
function endOfInstructions(lowering: Lowering): void {
  flush(lowering);
  releaseTemporaries(lowering);
}

function branch(lowering: Lowering, statement: Of<"if">): void {
  const { condition, body, otherwise, span } = statement;
  if (condition.kind === "constant") {
    lowerStatements(lowering, condition.value[0] === 1 ? body : otherwise);
    return;
  }
  const only = otherwise.length === 0 ? onlyJump(body) : body.length === 0 ? onlyJump(otherwise) : undefined;
  if (only) {
    jump(lowering, only, conditionOf(lowering, condition, body.length === 0));
    return;
  }
  const slot = conditionOf(lowering, condition);
  endOfInstructions(lowering);
  const { nesting, loop, breakable, exit } = lowering.surroundings;
  const [middle, join] = [otherwise.length > 0 ? newLabel() : undefined, newLabel()];
  control(lowering, { kind: "if", condition: slot, otherwise: middle, target: join, span });
  const inside = (to: Label): Surroundings => ({ nesting: nesting + 1, exit: to, loop, breakable });
  within(lowering, inside(middle ?? join), () => lowerStatements(lowering, body));
  if (middle) {
    place(lowering, middle);
    control(lowering, { kind: "else", target: join, span });
    within(lowering, inside(join), () => lowerStatements(lowering, otherwise));
  }
  place(lowering, join);
  control(lowering, { kind: "join", target: exit, span });
}

type Jump = Of<"break" | "continue"> | Of<"return">;

/** A branch that does nothing but leave. */
function onlyJump([only, ...more]: readonly Statement[]): Jump | undefined {
  if (!only || more.length > 0) return undefined;
  if (only.kind === "break" || only.kind === "continue") return only;
  return only.kind === "return" && !only.value ? only : undefined;
}

/** Lanes that break, continue or return: all of them, or those for which the condition holds. */
function jump(lowering: Lowering, statement: Jump, condition: Condition | undefined): void {
  const { nesting, breakable, loop, exit } = lowering.surroundings;
  const { span, kind } = statement;
  if (kind === "return" && statement.value) {
    const slots = resultSlots(lowering.slots, lowering.instance.function);
    compileInto(lowering, statement.value, { slots, isFresh: true });
  }
  const frame = kind === "return" ? 0 : kind === "break" ? breakable : loop;
  const levels = nesting - frame;
  control(lowering, { kind: "wait", condition, levels, isContinue: kind === "continue", target: exit, span });
}

function loop(lowering: Lowering, { body, continuing, until, span }: Of<"loop">): void {
  const nesting = lowering.surroundings.nesting + 1;
  const [start, next, end] = [newLabel(), newLabel(), newLabel()];
  control(lowering, { kind: "loop", span });
  place(lowering, start);
  within(lowering, { nesting, exit: next, loop: nesting, breakable: nesting }, () => lowerStatements(lowering, body));
  place(lowering, next);
  control(lowering, { kind: "continuing", target: end, span });
  within(lowering, { nesting, exit: end, loop: nesting, breakable: nesting }, () => {
    lowerStatements(lowering, continuing);
    if (!until) return;
    lowering.span = until.span;
    const condition = conditionOf(lowering, until);
    endOfInstructions(lowering);
    control(lowering, { kind: "wait", condition, levels: 0, isContinue: false, target: end, span: until.span });
  });
  control(lowering, { kind: "repeat", target: start, span });
  place(lowering, end);
  control(lowering, { kind: "end", target: lowering.surroundings.exit, span });
}

function choose(lowering: Lowering, { value, cases, span }: Of<"switch">): void {
  const { nesting: outer, loop, exit } = lowering.surroundings;
  const nesting = outer + 1;
  const [from = 0] = lowering.compile(lowering, value);
  endOfInstructions(lowering);
  const chosen = allocate(lowering.slots, 1, span.at);
  const numbers = new Map<number, number>();
  let otherwise = -1;
  for (const [number, { values }] of cases.entries()) {
    for (const one of values) {
      if (one === undefined) otherwise = number;
      else numbers.set(one | 0, number);
    }
  }
  control(lowering, { kind: "switch", value: from, chosen, cases: numbers, otherwise, span });
  for (const [number, { body }] of cases.entries()) {
    const next = newLabel();
    control(lowering, { kind: "case", chosen, number, target: next, span });
    within(lowering, { nesting, exit: next, loop, breakable: nesting }, () => lowerStatements(lowering, body));
    place(lowering, next);
  }
  control(lowering, { kind: "end", target: exit, span });
}
