import type { Attribute, Expression, Statement } from "./tree.ts";

/** The expressions directly inside of one: operands, arguments, what stands in a template list. */
export function insideOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "literal":
      return [];
    case "name":
      return expression.template;
    case "call":
      return [expression.callee, ...expression.values];
    case "index":
      return [expression.base, expression.index];
    case "member":
      return [expression.base];
    case "unary":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
  }
}

/** The expression and all inside of it, the outer ones first. */
export const expressionsIn = (expression: Expression): Generator<Expression> => preorder(expression, insideOf);

/** A tree in order, in linear time: with nested generators each node would take as many steps as it is deep. */
function* preorder<T>(root: T, childrenOf: (node: T) => readonly T[]): Generator<T> {
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node;
    const children = childrenOf(node);
    for (let i = children.length - 1; i >= 0; i--) open.push(children[i] as T);
  }
}

/** The expressions directly in a statement: not those of statements inside of it. */
export function expressionsOf(statement: Statement): readonly Expression[] {
  const given = (all: readonly (Expression | undefined)[]) => all.filter((one) => one !== undefined);
  switch (statement.kind) {
    case "variable":
      return given([...argumentsOf(statement.attributes), ...statement.template, statement.type, statement.value]);
    case "assertion":
      return [statement.condition];
    case "if":
      return statement.branches.map(({ condition }) => condition);
    case "for":
    case "while":
      return given([statement.condition]);
    case "loop":
      return given([statement.until]);
    case "switch":
      return given([statement.value, ...statement.cases.flatMap(({ values }) => values)]);
    case "return":
      return given([statement.value]);
    case "assignment":
      return given([statement.target, statement.value]);
    case "call-statement":
      return [statement.call];
    default:
      return [];
  }
}

/** The statements directly in a statement. */
function statementsIn(statement: Statement): readonly Statement[] {
  const given = (all: readonly (Statement | undefined)[]) => all.filter((one) => one !== undefined);
  switch (statement.kind) {
    case "block":
      return statement.statements;
    case "if":
      return given([...statement.branches.map(({ body }) => body), statement.otherwise]);
    case "for":
      return given([statement.start, statement.update, statement.body]);
    case "while":
      return [statement.body];
    case "loop":
      return given([statement.body, statement.continuing]);
    case "switch":
      return statement.cases.map(({ body }) => body);
    default:
      return [];
  }
}

/** The statement and all inside of it, the outer ones first. */
export const allStatements = (statement: Statement): Generator<Statement> => preorder(statement, statementsIn);

/** The arguments of attributes. */
export const argumentsOf = (attributes: readonly Attribute[]): readonly Expression[] =>
  attributes.flatMap(({ values = [] }) => values);
