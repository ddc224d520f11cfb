// The parts of wgsl_reflect's interpreter that its types do not name.
import type { CallExpr as Call, Data, ScalarData as Scalar, TypedData as Typed } from "wgsl_reflect";

/** The variables that are visible at a place. */
export interface Scope {
  readonly parent: Scope | null;
  readonly variables: ReadonlyMap<string, { readonly value: Data }>;
  getVariable(name: string): { readonly value: Data } | null;
}

export interface Operator {
  readonly operator: string;
  readonly left?: unknown;
  readonly right?: unknown;
}

/** A step of a path into memory: the index of an element, or the name of a member or of components. */
export interface Step {
  readonly index?: unknown;
  readonly value?: string;
  readonly postfix?: Step | null;
}

/** What is known of a type. */
export interface Shape {
  readonly name: string;
  readonly isArray?: boolean;
  readonly isStruct?: boolean;
  readonly format?: Shape;
  readonly members?: readonly { readonly name: string; readonly type: Shape }[];
}

/** Memory whose accesses are watched. */
export interface Watched {
  readonly typeInfo: Typed["typeInfo"];
  _range(postfix: Step | null, exec: unknown, context: Scope): { offset: number; size: number; atomic: boolean };
  _evalIndex(index: unknown, exec: unknown, context: Scope): number | null;
}

export interface Constructor {
  readonly type: unknown;
  readonly args?: readonly unknown[] | null;
  readonly postfix?: unknown;
}

export interface Assignment extends Operator {
  readonly variable: { readonly postfix: never };
}

/** Methods of the interpreter that its types do not name. */
export interface Interpreter {
  _callBuiltinFunction(call: Call, context: Scope): Data | null;
  _evalCallValue(call: Call, context: Scope): Data | null;
  _evalLiteral(node: object, context: Scope): Data;
  _evalBinaryOpValue(node: Operator, context: Scope): Data | null;
  _assign(node: Assignment, context: Scope): void;
  _makeCwiseData(values: readonly number[], type: Shape): Data;
  _callConstructorVec(node: Constructor, context: Scope): Data | null;
  evalExpression(node: unknown, context: Scope): Data;
  getVariableName(node: unknown, context: Scope): string;
  getTypeInfo(type: unknown): Scalar["typeInfo"];
}

/** Methods of the scheduler of threads that its types do not name. */
export interface Scheduler {
  /** What a thread comes to next; null at its end. */
  _peek(thread: { readonly stack: unknown }): unknown;
  /** The call of a barrier; null of anything else. */
  _asBarrier(command: unknown): unknown;
}
