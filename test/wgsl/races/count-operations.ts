// Counts what wgsl_reflect's interpreter computes of f32.
import type { CallExpr as Call, Data, ScalarData as Scalar } from "wgsl_reflect";
// The package's entry for Node is CommonJS that Node takes for a module; its other file works.
// @ts-expect-error it has no types
import * as library from "wgsl_reflect/wgsl_reflect.module.js";
import type { Interpreter, Scope } from "./interpreter.ts";
import { arithmetic, arithmeticAssignments, builtinOperations, floatsOf, isConstant } from "./operations.ts";

const { PointerData, TypedData, VectorData, WgslExec } = library as typeof import("wgsl_reflect");

/** Operations on f32, of all threads: two of a fused multiply-add, and how many of them. */
export type Computed = (operations: number, multiplyAdds: number) => void;

/** Reports operations on f32; the result undoes it. */
export function countOperations(computed: Computed): () => void {
  const interpreter = WgslExec.prototype as unknown as Interpreter;
  const { _callBuiltinFunction, _evalBinaryOpValue, _assign } = interpreter;
  interpreter._callBuiltinFunction = function (this: Interpreter, call, context) {
    const result =
      call.name === "select" ? selected(this, call, context) : _callBuiltinFunction.call(this, call, context);
    const fused = call.name === "fma" ? ((result as Scalar | null)?.data.length ?? 0) : 0; // of floats alone
    const each = builtinOperations[call.name] ?? 0;
    if (!isConstant(call)) computed(fused > 0 ? 2 * fused : each * floatsOf(result), fused);
    return result;
  };
  interpreter._evalBinaryOpValue = function (this: Interpreter, node, context) {
    const result = _evalBinaryOpValue.call(this, node, context);
    if (arithmetic.has(node.operator) && !isConstant(node)) computed(floatsOf(result), 0);
    return result;
  };
  interpreter._assign = function (this: Interpreter, node, context) {
    _assign.call(this, node, context);
    if (!arithmeticAssignments.has(node.operator)) return;
    const { variable } = node;
    const value = context.getVariable(this.getVariableName(variable, context))?.value;
    const whole = value instanceof PointerData ? value.reference : value;
    // Of an array that is watched this is no access.
    const part = whole instanceof TypedData ? TypedData.prototype.getSubData : whole?.getSubData;
    computed(
      floatsOf(variable.postfix ? part?.call(whole, this as never, variable.postfix, context as never) : whole),
      0,
    );
  };
  return () => Object.assign(interpreter, { _callBuiltinFunction, _evalBinaryOpValue, _assign });
}

/** What `select` gives: a GPU computes both of its values, the interpreter only the one that is chosen. */
function selected(interpreter: Interpreter, { args }: Call, context: Scope): Data {
  const [no, yes, condition] = [0, 1, 2].map((i) => interpreter.evalExpression(args?.[i], context));
  if (condition instanceof VectorData && no instanceof VectorData && yes instanceof VectorData) {
    const { data } = condition;
    return new VectorData(
      [...data].map((chosen, i) => Number((chosen ? yes : no).data[i])),
      no.typeInfo,
    );
  }
  const value = (condition as Scalar).value ? yes : no;
  if (!value) throw new Error("select without values");
  return value;
}
