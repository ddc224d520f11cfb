import {
  geglu,
  gegluErf,
  gelu,
  geluTanh,
  quickGelu,
  reglu,
  relu,
  sigmoid,
  silu,
  softplus,
  squaredRelu,
  swiglu,
  tanh,
} from "../../kernels/elementwise/activation.ts";
import * as reference from "../../reference/activation.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { CaseInput, CaseTable } from "../case-table.ts";
import { activationGates } from "../emulation/activation.ts";
import { normal } from "../random.ts";

const every = (from: number, to: number, step: number) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

const folding: CaseInput = { shape: [2, 5, 256], values: normal(2 * 5 * 256, 2, 3) };

/** Arguments of all activations; those that fold a grid are added below. */
export const values: Readonly<Record<string, CaseInput>> = {
  "one element": { shape: [1], values: [0.7] },
  "ragged: 3 × 127": { shape: [3, 127], values: normal(3 * 127, 1) },
  "70,000 elements, one per step": { shape: [70_001], values: normal(70_001, 3, 2) },
  "-4 to 4 finely": { shape: [8001], values: every(-4, 4, 0.001) },
  "the left tail alone": { shape: [1201], values: every(-12, -3, 0.0075) },
  "the far left tail alone": { shape: [161], values: every(-12, -8, 0.025) },
  "large values: exp and tanh would overflow": {
    shape: [16],
    values: [1e30, -1e30, 1e20, -1e20, 1e10, -1e10, 1000, -1000, 100, -100, 89, -89, 44, -44, 3e38, -3e38],
  },
  "zeros and tiny values": { shape: [8], values: [0, -0, 1e-30, -1e-30, 1e-10, -1e-10, 1e-5, -1e-5] },
};

/** Further values, for functions of one tensor. */
export const plainOnly: Readonly<Record<string, CaseInput>> = {
  "a scalar": { shape: [], values: [-0.3] },
  "NaN and infinities": {
    shape: [8],
    values: [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2, -2, 0, Number.NaN],
  },
};

/** One case for each of the arguments. */
export const casesOf = <Inputs>(named: Readonly<Record<string, CaseInput>>, inputs: (x: CaseInput) => Inputs) => [
  ...Object.entries(named).map(([name, x]) => ({ name, inputs: inputs(x) })),
  { name: "folds: 10 workgroups, four per step", tags: ["folds"], inputs: inputs(folding) },
];

const plain = casesOf({ ...values, ...plainOnly }, (x) => ({ x }));
const gated = casesOf(values, (gate) => ({ gate, up: { shape: gate.shape, values: normal(sizeOf(gate.shape), 9) } }));

/** Arguments whose squares are finite in f32. */
export const squarable: Readonly<Record<string, CaseInput>> = {
  ...Object.fromEntries(
    Object.entries({ ...values, ...plainOnly }).filter(([name]) => !name.startsWith("large values")),
  ),
  "large values, and their squares": { shape: [6], values: [1e18, -1e18, 1e10, -1e10, 3e15, 100] },
};

const plainTable = (
  op: "gelu" | "geluTanh" | "silu" | "quickGelu" | "relu" | "softplus" | "squaredRelu" | "tanh" | "sigmoid",
  run: typeof gelu,
  expected: typeof reference.gelu,
  cases = plain,
): CaseTable<"x", "y", object, "map"> => ({
  op,
  variants: ["map"],
  cases,
  reference: expected,
  run,
  gate: activationGates[op],
});

const gatedTable = (
  op: "swiglu" | "geglu" | "gegluErf" | "reglu",
  run: typeof swiglu,
  expected: typeof reference.swiglu,
): CaseTable<"gate" | "up", "y", object, "gated"> => ({
  op,
  variants: ["gated"],
  cases: gated,
  reference: expected,
  run,
  gate: activationGates[op],
});

export const activationCases: readonly CaseTable[] = [
  plainTable("gelu", gelu, reference.gelu),
  plainTable("geluTanh", geluTanh, reference.geluTanh),
  plainTable("silu", silu, reference.silu),
  plainTable("quickGelu", quickGelu, reference.quickGelu),
  plainTable("relu", relu, reference.relu),
  plainTable(
    "squaredRelu",
    squaredRelu,
    reference.squaredRelu,
    casesOf(squarable, (x) => ({ x })),
  ),
  plainTable("softplus", softplus, reference.softplus),
  plainTable("tanh", tanh, reference.tanh),
  plainTable("sigmoid", sigmoid, reference.logistic),
  gatedTable("swiglu", swiglu, reference.swiglu),
  gatedTable("geglu", geglu, reference.geglu),
  gatedTable("gegluErf", gegluErf, reference.gegluErf),
  gatedTable("reglu", reglu, reference.reglu),
];
