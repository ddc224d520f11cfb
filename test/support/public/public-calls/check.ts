// Calls of the functions of shaderformer/check.
import * as check from "../../../../src/check/index.ts";
import { exp, type Gpu } from "../../../../src/index.ts";
import type { PublicCalls } from "./calls.ts";

/** The calls by the names of functions. */
export function checkCalls(gpu: Gpu): Readonly<Record<string, PublicCalls>> {
  const of = (called: unknown, ...calls: PublicCalls["calls"]): PublicCalls => ({ of: called, calls });
  const input = { shape: [2], values: [1, 2], dtype: "f32" };
  const item = {
    name: "two",
    tags: ["small"],
    inputs: { x: input },
    refusedBy: [],
    buffers: { map: 2 },
    options: {},
    bounds: { results: { y: { relative: 1, absolute: 1 } }, except: [] },
  };
  const e = ({ x }: { x: check.Dense }) => ({ y: check.dense(x.shape, x.values.map(Math.exp)) });
  const table = {
    op: "exp",
    variants: ["map"],
    cases: [item],
    reference: e,
    requires: () => [],
    cap: 1e-9,
    run: (on: Gpu, tensors: Parameters<typeof exp>[1], options: object) => exp(on, tensors, options),
    gate: { emulation: e, sum: () => check.inTurn, allowed: () => 8 },
    dtypes: {},
    canaries: false,
  };
  const report = {
    variant: "map",
    case: "two",
    verdict: "pass",
    message: "",
    figures: { nmse: 0, errorRatio: 1, meanErrorRatio: null },
  };
  const op = { variants: { map: { record: e, requires: [] } } };
  const numbers = [
    [1, 2],
    [1, 2],
  ];
  const calls: Readonly<Record<string, PublicCalls>> = {
    dense: of(check.dense, [[2], [1, 2]]),
    framed: of(check.framed, [gpu, [2]]),
    casesTagged: of(check.casesTagged, [[item], "small"]),
    hasTag: of(check.hasTag, [{ tags: ["small"] }, "small"]),
    missingFeatures: of(check.missingFeatures, [table, "map", gpu]),
    requirementsOf: of(check.requirementsOf, [op, "map"]),
    stored: of(check.stored, [input]),
    variantsOf: of(check.variantsOf, [op]),
    withTags: of(check.withTags, [{ tags: ["small"] }, "small"]),
    checkCase: { ...of(check.checkCase, [gpu, table, "map", item]), runs: true },
    assertClose: of(check.assertClose, [...numbers, 1, "results"]),
    difference: of(check.difference, numbers),
    inRunsOf: of(check.inRunsOf, [2]),
    assertGate: of(check.assertGate, [numbers[0], numbers[0], numbers[0], 0, "results"]),
    errorsOf: of(check.errorsOf, numbers),
    limitsOf: of(check.limitsOf, [...numbers, 0]),
    normal: of(check.normal, [2, 1, 1, 0]),
    randomSource: of(check.randomSource, [1]),
    checkTable: { ...of(check.checkTable, [gpu, table, { variants: ["map"], cases: [item] }]), runs: true },
    formatReports: of(check.formatReports, [[report]]),
    runCase: { ...of(check.runCase, [gpu, table, "map", item]), runs: true },
    storedInputs: of(check.storedInputs, [{ inputs: item.inputs }]),
    uploadedInputs: of(check.uploadedInputs, [gpu, { inputs: item.inputs }]),
  };
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [`check/${name}`, call]));
}
