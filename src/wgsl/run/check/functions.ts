import type { Field, FunctionDeclaration, Name } from "../../tree.ts";
import type { Expression, UserFunction, Variable } from "../program.ts";
import type { Type } from "../types.ts";
import { type Context, fail } from "./context.ts";
import { checkBehavior } from "./rules/behaviors.ts";
import { isConstructible } from "./rules/type-rules.ts";
import { statementsIn } from "./statements.ts";

/**
 * A function with its statements. `declare` is called with what each of its declarations means; `uses` grows by the
 * variables of the module that it uses.
 */
export function readFunction(
  context: Context,
  node: FunctionDeclaration,
  declare: (
    node: Field | Parameters<Parameters<typeof statementsIn>[0]["declare"]>[0],
    meaning: Variable | Expression,
  ) => void,
  uses: ReadonlySet<Variable>,
): UserFunction {
  const parameters = node.parameters.map((field) => {
    const variable = parameterOf(context, field);
    declare(field, variable);
    return variable;
  });
  const result = node.result && typeNamed(context, node.result);
  if (result && !isConstructible(result)) throw fail(`${node.label.name} returns a ${result.name}`, node.label);
  const body = statementsIn({ context, declare, result, loops: 0, breakable: 0 }, node.body);
  checkBehavior(context.scopes, node);
  const { at, end } = node.label;
  const close = { at: node.body.end - 1, end: node.body.end };
  return { name: node.label.name, parameters, result, body, uses, span: { at, end }, close };
}

function parameterOf(context: Context, { label, type: name }: Field): Variable {
  const type = typeNamed(context, name);
  if (!isConstructible(type) && type.kind !== "pointer") throw fail(`${label.name} is a ${type.name}`, label);
  const { at, end } = label;
  return {
    name: label.name,
    type,
    space: undefined,
    writable: false,
    binding: undefined,
    initial: undefined,
    span: { at, end },
  };
}

function typeNamed(context: Context, name: Name): Type {
  const type = context.typeOf(name);
  if (!type) throw fail(`${name.name} is no type`, name);
  return type;
}
