// Subgroups for wgsl_reflect's interpreter, which knows none: threads hand over their values and meet, as at a barrier.
import type { CallExpr as Call, Data, ScalarData as Scalar, VectorData as Vector } from "wgsl_reflect";
// The package's entry for Node is CommonJS that Node takes for a module; its other file works.
// @ts-expect-error it has no types
import * as library from "wgsl_reflect/wgsl_reflect.module.js";

const { ScalarData, VectorData } = library as typeof import("wgsl_reflect");

/** The index of the thread that runs: a builtin of the interpreter's, which no kernel uses, with another meaning. */
export const ownThread = "subgroupElect()";

/** What a thread gets from the values that all handed over. */
type Operation = (values: readonly Data[], chosen: number) => Data;

const numberOf = (value: Data): number => (value as Scalar).value;

const reduced =
  (join: (left: number, right: number) => number): Operation =>
  ([first, ...others]) => {
    if (!(first instanceof ScalarData)) throw new Error("a subgroup's maximum or sum of vectors is not simulated");
    return new ScalarData(
      others.reduce((sum, value) => Math.fround(join(sum, numberOf(value))), first.value),
      first.typeInfo,
    );
  };

/** The operations that are simulated, by the last word of their names. */
const operations: Readonly<Record<string, Operation>> = {
  Shuffle: (values, chosen) => {
    const value = values[chosen];
    if (!value) throw new Error(`a shuffle asks for thread ${chosen}, of a subgroup of ${values.length}`);
    return value;
  },
  Max: reduced(Math.max),
  Add: reduced((left, right) => left + right),
  Any: reduced((left, right) => (left || right ? 1 : 0)),
};

const names = Object.keys(operations);

/**
 * A kernel whose workgroup is one subgroup, with functions in place of subgroup operations: a thread hands over its
 * value, waits for the others, and takes what the operation gives. Throws for a workgroup of several subgroups and for
 * operations that are not simulated.
 */
export function withExchanges(text: string, [x, y, z]: readonly [number, number, number]): string {
  if (!/^enable subgroups;/m.test(text)) return text;
  if (y * z !== 1 || !/@workgroup_size\(SUBGROUP\)/.test(text)) {
    throw new Error(`the workgroup has ${x} × ${y} × ${z} threads, expected one subgroup`);
  }
  const plain = text
    .replace(/^enable subgroups;/m, "")
    .replaceAll("@diagnostic(off, subgroup_uniformity)", "")
    .replaceAll("@builtin(subgroup_invocation_id)", "@builtin(local_invocation_index)")
    .replaceAll(new RegExp(`\\bsubgroup(${names.join("|")})\\b`, "g"), "of_subgroup_$1");
  const [unknown] = plain.match(/\bsubgroup[A-Z]\w*|\bsubgroup_\w+|\bquad[A-Z]\w*/) ?? [];
  if (unknown !== undefined) throw new Error(`${unknown} is not simulated`);
  // quadSwapX hands a value over, and quadBroadcast takes the result of the operation with this number.
  const functions = names.map(
    (name, i) => `
      fn of_subgroup_${name}(value: f32${name === "Shuffle" ? ", chosen: u32" : ""}) -> f32 {
        let given = quadSwapX(value);
        textureBarrier();
        let result = quadBroadcast(${name === "Shuffle" ? "chosen" : "0u"}, ${i}u);
        return result;
      }`,
  );
  return plain + functions.join("");
}

/** What the interpreter lends to a builtin that it calls. */
export interface BuiltinCall {
  readonly call: Call;
  /** The value of one of its arguments. */
  readonly argument: (i: number) => Data;
  /** The index of the thread that runs. */
  readonly thread: number;
  readonly unsigned: (value: number) => Data;
}

/** The values that threads exchange in one workgroup. */
export interface Exchange {
  /** The result of a builtin that stands for a part of an exchange; undefined for any other. */
  builtin(call: BuiltinCall): Data | undefined;
  /** Whether the barrier that all have reached is that of an exchange, which orders no accesses to memory. */
  meets(): boolean;
}

/** The exchanges of a workgroup, of which each thread has done some number. */
export function exchange(): Exchange {
  const rounds: Data[][] = [];
  const given: number[] = [];
  let meeting = false;
  return {
    builtin({ call, argument, thread, unsigned }) {
      if (call.name === "subgroupElect") return unsigned(thread);
      if (call.name === "quadSwapX") {
        const value = argument(0);
        if (!(value instanceof ScalarData || value instanceof VectorData)) throw new Error("a value of no simple type");
        const round = given[thread] ?? 0;
        given[thread] = round + 1;
        rounds[round] ??= [];
        (rounds[round] as Data[])[thread] = (value as Scalar | Vector).clone();
        meeting = true;
        return unsigned(0);
      }
      if (call.name !== "quadBroadcast") return undefined;
      const values = rounds[(given[thread] ?? 0) - 1] ?? [];
      const operation = operations[names[numberOf(argument(1))] ?? ""];
      return operation?.(values, numberOf(argument(0)));
    },
    meets() {
      const met = meeting;
      meeting = false;
      return met;
    },
  };
}
