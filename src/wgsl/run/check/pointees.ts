import type { Expression, Reference, Statement, UserFunction, Variable } from "../program.ts";
import { statementsIn } from "../walk.ts";

/** For each `let` of a function that is a pointer: the variable that it points into, or the parameter it comes from. */
export type Pointees = ReadonlyMap<Variable, Variable>;

/** What the pointers of a function point into. */
export function pointeesOf({ body }: UserFunction): Pointees {
  const pointees = new Map<Variable, Variable>();
  const visit = (statement: Statement): void => {
    const isPointer = statement.kind === "declare" && statement.variable.type.kind === "pointer";
    const root = isPointer && statement.value ? pointedInto(pointees, statement.value) : undefined;
    if (isPointer && root) pointees.set(statement.variable, root);
    for (const inner of statementsIn(statement)) visit(inner);
  };
  for (const statement of body) visit(statement);
  return pointees;
}

/** The variable that a place is in; the parameter for what one points to. */
export const rootOf = (pointees: Pointees, { root }: Reference): Variable => pointees.get(root) ?? root;

/** The variable that a pointer points into, or the parameter that it is; undefined for what is no pointer. */
export function pointedInto(pointees: Pointees, pointer: Expression): Variable | undefined {
  if (pointer.type.kind !== "pointer") return undefined;
  if (pointer.kind === "address") return rootOf(pointees, pointer.of);
  return pointer.kind === "value" ? (pointees.get(pointer.variable) ?? pointer.variable) : undefined;
}
