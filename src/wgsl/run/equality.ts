// How far the results of a run may differ from those of a GPU that runs the same text.
import { indicesOf, insideOf } from "./lower/effects.ts";
import type { EntryPoint, Expression, Statement, UserFunction } from "./program.ts";
import { isFloat, type ScalarType, scalarOf, type Type } from "./types.ts";

type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

/** Operators of floats that do not round. */
const exactOperators = new Set(["negate", "==", "!=", "<", "<=", ">", ">="]);

/** Builtin functions of floats that do not round. */
const exactFunctions = new Set(
  `abs bitcast ceil clamp floor frexp max min modf round saturate select sign step transpose trunc
   quadBroadcast quadSwapDiagonal quadSwapX quadSwapY subgroupBroadcast subgroupBroadcastFirst subgroupMax subgroupMin
   subgroupShuffle subgroupShuffleDown subgroupShuffleUp subgroupShuffleXor`.split(/\s+/),
);

/** Builtin functions of integers that give rounded floats. */
const roundedFunctions = new Set(["unpack2x16snorm", "unpack2x16unorm", "unpack4x8snorm", "unpack4x8unorm"]);

/** Builtin functions of memory that give the same in every order of the lanes. */
const orderlessFunctions = new Set(["arrayLength", "atomicLoad", "atomicStore", "workgroupUniformLoad"]);

/** Updates that give the same in every order of the lanes, if what they return is not used. */
const orderlessUpdates = new Set(
  ["Add", "And", "Max", "Min", "Or", "Sub", "Xor"].map((operation) => `atomic${operation}`),
);

/**
 * `bits` if the results of an entry point are the same to the bit on every GPU: if all that it and what it calls
 * computes is exact by WGSL (section 15.7.4): integers and booleans, comparisons, what takes or moves numbers as they
 * are, rounding to whole numbers, conversions that lose nothing or truncate; constants; and atomic functions whose
 * order does not matter. `bound` if something rounds, whose accuracy WGSL leaves to the GPU, or if the value is used
 * that an atomic update returns, which is another one in each order of the lanes.
 *
 * Both assume what WGSL does not determine otherwise: no races, nothing out of bounds, no NaN and no subnormals in what
 * floats are compared or moved, no two kinds of update of one atomic variable at a time, no lane of a subgroup that
 * reads one that is not active.
 */
export function classOf(entry: EntryPoint): "bits" | "bound" {
  const functions = new Set([entry.function]);
  // Calls add functions while the set is gone through.
  for (const { body } of functions) {
    if (!body.every((statement) => isExactStatement(statement, functions))) return "bound";
  }
  return "bits";
}

/** Whether a statement and all inside of it are exact; adds the functions that it calls. */
function isExactStatement(statement: Statement, functions: Set<UserFunction>): boolean {
  const areExact = (expressions: readonly (Expression | undefined)[]) =>
    expressions.every((one) => one === undefined || isExact(one, functions));
  const areExactStatements = (statements: readonly Statement[]) =>
    statements.every((one) => isExactStatement(one, functions));
  switch (statement.kind) {
    case "declare":
    case "return":
      return areExact([statement.value]);
    case "store":
      return areExact([...indicesOf(statement.to), statement.value]);
    case "update":
      return (
        isExactOperator(statement.sign, statement.to.type) && areExact([...indicesOf(statement.to), statement.value])
      );
    case "evaluate": {
      const { value } = statement;
      const isUpdate = value.kind === "memory" && orderlessUpdates.has(value.name);
      return areExact(isUpdate ? insideOf(value) : [value]);
    }
    case "barrier":
    case "break":
    case "continue":
      return true;
    case "if":
      return areExact([statement.condition]) && areExactStatements([...statement.body, ...statement.otherwise]);
    case "loop":
      return areExact([statement.until]) && areExactStatements([...statement.body, ...statement.continuing]);
    case "switch":
      return areExact([statement.value]) && statement.cases.every(({ body }) => areExactStatements(body));
    case "print":
      return areExact(statement.values);
  }
}

function isExact(expression: Expression, functions: Set<UserFunction>): boolean {
  if (expression.kind === "call") functions.add(expression.callee);
  return isExactItself(expression) && insideOf(expression).every((one) => isExact(one, functions));
}

/** Whether an expression is exact, given operands that are. */
function isExactItself(expression: Expression): boolean {
  switch (expression.kind) {
    case "operator":
      return expression.operands.every(({ type }) => isExactOperator(expression.sign, type));
    case "convert":
      return isExactConversion(expression);
    case "builtin":
      return isExactFunction(expression);
    case "memory":
      return orderlessFunctions.has(expression.name);
    default:
      return true;
  }
}

const isOfFloats = (type: Type): boolean => {
  const scalar = scalarOf(type);
  return scalar !== undefined && isFloat(scalar);
};

const isExactOperator = (sign: string, type: Type): boolean => exactOperators.has(sign) || !isOfFloats(type);

/** Floats become integers by truncation; the reverse rounds, as does f32 to f16. */
function isExactConversion({ value, type }: Of<"convert">): boolean {
  const [from, to] = [scalarOf(value.type), scalarOf(type)] as [ScalarType, ScalarType];
  if (!isFloat(to) || from.scalar === "bool") return true;
  return from.scalar === "f16";
}

function isExactFunction({ name, values: [first] }: Of<"builtin">): boolean {
  if (first && isOfFloats(first.type)) return exactFunctions.has(name);
  return !roundedFunctions.has(name);
}
