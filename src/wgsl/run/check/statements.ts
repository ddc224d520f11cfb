import { definitionOf, predeclaredKindOf } from "../../scopes.ts";
import type {
  Assertion,
  Assignment,
  Block,
  Call,
  Variable as Declaration,
  For,
  If,
  Loop,
  Statement as Node,
  Span,
  Switch,
  Expression as Syntax,
} from "../../tree.ts";
import type { Expression, Reference, Statement, Variable } from "../program.ts";
import { bool, i32, isFloat, scalarOf, type Type, u32 } from "../types.ts";
import { unified } from "./builtins.ts";
import { type Context, checkNoOverride, enumerantOf, fail, isReference, type Operand } from "./context.ts";
import { binaryOf, called, operandOf, valueAs, valueIn } from "./expressions.ts";
import { concrete, constant, converted, splat } from "./fold.ts";
import { withoutValues } from "./refusals.ts";
import { variableMisfit } from "./rules/type-rules.ts";

/** A function whose statements are read: where its own variables go, and what it returns. */
interface Body {
  readonly context: Context;
  readonly declare: (node: Declaration, meaning: Variable | Expression) => void;
  readonly result: Type | undefined;
  /** How many loops, and loops or switches, a statement is inside of. */
  readonly loops: number;
  readonly breakable: number;
}

const here = ({ at, end }: Span): Span => ({ at, end });

/** The statements of a block. */
export const statementsIn = (body: Body, { statements }: Block): Statement[] =>
  statements.flatMap((statement) => statementOf(body, statement));

function statementOf(body: Body, node: Node): readonly Statement[] {
  const { context } = body;
  const span = here(node);
  switch (node.kind) {
    case "variable":
      return declaration(body, node);
    case "assertion":
      assertTrue(context, node);
      return [];
    case "block":
      return statementsIn(body, node);
    case "if":
      return [branches(body, node, 0)];
    case "for":
      return forLoop(body, node);
    case "while":
      return [loopWith(body, [], node.condition, node.body, [], span)];
    case "loop":
      return [loop(body, node)];
    case "switch":
      return [switchOf(body, node)];
    case "break":
    case "continue":
      if ((node.kind === "break" ? body.breakable : body.loops) === 0)
        throw fail(`${node.kind} outside of a loop`, node);
      return [{ kind: node.kind, span }];
    case "discard":
      throw fail("discard is of fragment shaders", node);
    case "return":
      return [{ kind: "return", value: returned(body, node.value, node), span }];
    case "assignment":
      return [assignment(context, node)];
    case "call-statement":
      return [callStatement(context, node.call)];
  }
}

function returned({ context, result }: Body, value: Syntax | undefined, span: Span): Expression | undefined {
  if (!result !== !value) throw fail(result ? `a ${result.name} has to be returned` : "nothing is returned here", span);
  return value && result && valueAs(context, value, result, "what is returned");
}

/** Throws for a `const_assert` that is false. */
export function assertTrue(context: Context, { condition, at }: Assertion): void {
  checkNoOverride(context, condition, "const_assert");
  const value = valueIn(context, condition);
  if (value.kind !== "constant" || value.type !== bool)
    throw fail("const_assert of what is no constant", { at, end: at });
  if (value.value[0] === 0) throw fail("const_assert is false", { at, end: at });
}

/** The type of a declaration and its value, converted. */
export function declared(
  context: Context,
  node: Declaration,
  typeOf: Context["typeOf"] = context.typeOf,
): { type: Type; value: Expression | undefined } {
  const type = node.type && typeOf(node.type);
  if (node.type && !type) throw fail(`${node.type.name} is no type`, node.type);
  if (!node.value) return { type: type as Type, value: undefined };
  if (type) return { type, value: valueAs(context, node.value, type, node.label.name) };
  const value = valueIn(context, node.value);
  const fitting = node.keyword === "const" ? value : concrete(value);
  return { type: fitting.type, value: fitting };
}

function declaration(body: Body, node: Declaration): readonly Statement[] {
  const { type, value } = declared(body.context, node);
  if (node.keyword === "const") {
    if (value?.kind !== "constant") throw fail(`${node.label.name} is no constant`, node.value ?? node);
    checkNoOverride(body.context, node.value as Syntax, node.label.name);
    body.declare(node, value);
    return [];
  }
  if (node.keyword === "override") throw fail("override inside of a function", node);
  if (node.keyword === "var") checkVariable(body.context, type, node);
  const variable: Variable = {
    name: node.label.name,
    type,
    space: node.keyword === "var" ? "function" : undefined,
    writable: node.keyword === "var",
    binding: undefined,
    initial: undefined,
    span: here(node),
  };
  body.declare(node, variable);
  return [{ kind: "declare", variable, value, span: here(node) }];
}

function checkVariable({ scopes }: Context, type: Type, node: Declaration): void {
  const why = variableMisfit(type, "function", true);
  if (why) throw fail(`${node.label.name} is a ${type.name}: ${why}`, node);
  const [space, ...more] = node.template;
  if (space && (enumerantOf(scopes, space) !== "function" || more.length > 0))
    throw fail("a variable of a function is in its memory alone", space);
}

const condition = ({ context }: Body, node: Syntax): Expression => valueAs(context, node, bool, "a condition");

function branches(body: Body, node: If, which: number): Statement {
  const branch = node.branches[which] as If["branches"][number];
  const isLast = which + 1 >= node.branches.length;
  const value = condition(body, branch.condition);
  const inside = statementsIn(body, branch.body);
  const rest = isLast ? (node.otherwise ? statementsIn(body, node.otherwise) : []) : [branches(body, node, which + 1)];
  return {
    kind: "if",
    condition: value,
    body: inside,
    otherwise: rest,
    span: { at: branch.condition.at, end: branch.condition.end },
  };
}

const inLoop = (body: Body): Body => ({
  context: body.context,
  declare: body.declare,
  result: body.result,
  loops: body.loops + 1,
  breakable: body.breakable + 1,
});

/** `loop { if !condition { break; } body continuing { update } }`. */
function loopWith(
  body: Body,
  start: Statement[],
  test: Syntax | undefined,
  block: Block,
  update: Node[],
  span: Span,
): Statement {
  const inner = inLoop(body);
  const check: Statement[] = test
    ? [
        {
          kind: "if",
          condition: condition(body, test),
          body: [],
          otherwise: [{ kind: "break", span: here(test) }],
          span: here(test),
        },
      ]
    : [];
  // The update stands before the body in its scope, so it is read first.
  const continuing = update.flatMap((statement) => statementOf(body, statement));
  const statements = [...check, ...statementsIn(inner, block)];
  return { kind: "loop", body: [...start, ...statements], continuing, until: undefined, span };
}

function forLoop(body: Body, node: For): readonly Statement[] {
  if (node.update?.kind === "variable") throw fail("a declaration in the third part of a for", node.update);
  const start = node.start ? statementOf(body, node.start) : [];
  const update = node.update ? [node.update] : [];
  return [...start, loopWith(body, [], node.condition, node.body, update, here(node))];
}

function loop(body: Body, node: Loop): Statement {
  const inner = inLoop(body);
  const statements = statementsIn(inner, node.body);
  const continuing = node.continuing ? statementsIn(body, node.continuing) : [];
  const until = node.until && condition(body, node.until);
  return { kind: "loop", body: statements, continuing, until, span: here(node) };
}

function switchOf(body: Body, node: Switch): Statement {
  const { value, values } = selected(body.context, node);
  const seen = new Set<number | undefined>();
  const read = (one: Syntax | undefined): number | undefined => {
    const number = one && values.get(one);
    if (seen.has(number)) throw fail(`two cases of ${number ?? "default"}`, one ?? node);
    seen.add(number);
    return number;
  };
  const inner: Body = {
    context: body.context,
    declare: body.declare,
    result: body.result,
    loops: body.loops,
    breakable: body.breakable + 1,
  };
  const cases = node.cases.map(({ values, body: block }) => ({
    values: values.map(read),
    body: statementsIn(inner, block),
  }));
  if (!seen.has(undefined)) throw fail("a switch without default", node);
  return { kind: "switch", value, cases, span: here(node) };
}

/** What a switch chooses by, and the constants of its cases, all of the one type that they have in common. */
function selected(
  context: Context,
  { value: node, cases }: Switch,
): { value: Expression; values: Map<Syntax, number> } {
  const given = valueIn(context, node);
  const nodes = cases.flatMap(({ values }) => values.filter((one) => one !== undefined));
  const [value, ...others] = (unified([given, ...nodes.map((one) => valueIn(context, one))]) ?? [given]).map(concrete);
  const type = value && scalarOf(value.type);
  if (value?.type.kind !== "scalar" || !type || type === bool || isFloat(type))
    throw fail(`switch of a ${given.type.name}`, node);
  const values = nodes.map((one, i): [Syntax, number] => {
    checkNoOverride(context, one, "a case");
    const found = others[i];
    if (found?.type !== value.type) throw fail(`a case is a ${value.type.name}, as what is switched on`, one);
    if (found.kind !== "constant") throw fail("a case that is no constant", one);
    return [one, found.value[0] ?? 0];
  });
  return { value, values: new Map(values) };
}

function assignment(context: Context, node: Assignment): Statement {
  const span = here(node);
  if (!node.target) {
    const value = node.value && valueIn(context, node.value);
    if (!value) throw fail("_ = needs a value", node);
    return { kind: "evaluate", value: withoutValues(() => concrete(value)), span };
  }
  const to = target(operandOf(context, node.target), node.target);
  if (node.sign === "=") {
    return { kind: "store", to, value: valueAs(context, node.value as Syntax, to.type, "what is assigned"), span };
  }
  const counts = node.sign === "++" || node.sign === "--";
  const sign = counts ? (node.sign[0] as string) : node.sign.slice(0, -1);
  if (counts && to.type !== i32 && to.type !== u32) throw fail(`${node.sign} of a ${to.type.name}`, node);
  const given = node.value ? valueIn(context, node.value) : constant(to.type, [1], node);
  const load: Expression = { kind: "load", from: to, type: to.type, span };
  const whole = binaryOf(sign, load, given, node);
  if (whole.type !== to.type || whole.kind !== "operator")
    throw fail(`${to.type.name} ${node.sign} ${given.type.name}`, node);
  return { kind: "update", to, sign, value: whole.operands[1] ?? splat(given, to.type), span };
}

function target(operand: Operand, node: Syntax): Reference {
  if (!isReference(operand)) throw fail("what is assigned to is no variable", node);
  if (!operand.writable) throw fail(`${operand.root.name} is only read`, node);
  if (operand.type.kind === "atomic") throw fail("an atomic variable is stored to by atomicStore", node);
  return operand;
}

const barriers = { workgroupBarrier: "workgroup", storageBarrier: "storage", textureBarrier: "texture" } as const;

function callStatement(context: Context, call: Call): Statement {
  const span = here(call);
  const { name } = call.callee;
  const ours = definitionOf(context.scopes, call.callee)?.node;
  const isOurs = ours !== undefined;
  if (!isOurs && Object.hasOwn(barriers, name)) {
    if (call.values.length + call.callee.template.length > 0) throw fail(`${name} takes no arguments`, call);
    return { kind: "barrier", of: barriers[name as keyof typeof barriers], span };
  }
  if (name === "print" && !isOurs && predeclaredKindOf(context.scopes, call.callee) === undefined) {
    return { kind: "print", values: call.values.map((node) => printable(context, node)), span };
  }
  const value = called(context, call);
  const mayBeDropped = value.kind === "call" || (value.kind === "memory" && /^atomic/.test(value.name));
  const isMustUse = ours?.kind === "function" && ours.attributes.some((one) => one.name === "must_use");
  if (!mayBeDropped || isMustUse) throw fail(`what ${name} gives is not used`, call);
  return { kind: "evaluate", value, span };
}

function printable(context: Context, node: Syntax): Expression {
  const value = concrete(valueIn(context, node));
  if (value.type.kind === "pointer" || !converted(value, value.type)) throw fail(`print of a ${value.type.name}`, node);
  return value;
}
