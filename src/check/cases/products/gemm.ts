import { gemm } from "../../../kernels/gemm/gemm.ts";
import type { Dense } from "../../../reference/dense.ts";
import { transpose as transposed } from "../../../reference/layout.ts";
import { type GemmOptions, gemm as reference } from "../../../reference/matmul.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { slice, transpose } from "../../../tensor/views.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf, withTags } from "../../case-table.ts";
import { gemm as emulation, gemmAllowed } from "../../emulation/gemm.ts";
import type { Named } from "../../named.ts";
import { normal } from "../../random.ts";

type Inputs = "a" | "b" | "bias?";

/** Options, and the views of the inputs that are the operands. */
interface Form extends GemmOptions {
  /** Inputs of which the operand is the transposed: `b` in A·Bᵀ, `a` in Aᵀ·B. */
  readonly transposed?: readonly ("a" | "b")[];
  /** Columns left out at the start and at the end of each operand. */
  readonly without?: readonly [start: number, end: number];
}

interface Given {
  readonly batch?: readonly number[];
  readonly bBatch?: readonly number[];
  readonly bias?: boolean;
  readonly types?: readonly ["f32" | "f16", "f32" | "f16"];
  readonly infinite?: boolean;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** `[...batch, m, k]` times `[...batch, k, n]`; `infinite` puts an infinity and a NaN into row 1 of a. */
function shape(
  name: string,
  [m, k, n]: readonly [number, number, number],
  given: Given,
  form: Form = {},
): Case<Inputs, Form> {
  const { batch = [], bBatch = batch, bias = false, types = ["f32", "f32"], infinite = false } = given;
  const { without: [start, end] = [0, 0], transposed: views = [] } = form;
  const stored = (rows: number, columns: number, isTransposed: boolean): [number, number] => {
    const [first, last] = isTransposed ? [columns, rows] : [rows, columns];
    return [first, start + last + end];
  };
  const a = [...batch, ...stored(m, k, views.includes("a"))];
  const b = [...bBatch, ...stored(k, n, views.includes("b"))];
  const values = normal(sizeOf(a), 1);
  if (infinite) {
    values[k] = Number.POSITIVE_INFINITY;
    values[k + 1] = Number.NaN;
  }
  return {
    name,
    inputs: {
      a: { shape: a, values, dtype: types[0] },
      b: { shape: b, values: normal(sizeOf(b), 2), dtype: types[1] },
      ...(bias ? { bias: { shape: [n], values: normal(n, 3) } } : {}),
    },
    options: form,
  };
}

/** The operands of a case, from tensors or from their values. */
function operandsOf<T>(
  { a, b, bias }: Named<Inputs, T>,
  { transposed: views = [], without: [start, end] = [0, 0] }: Form,
  { turn, cut }: { readonly turn: (x: T) => T; readonly cut: (x: T, start: number, end: number) => T },
): { a: T; b: T; bias?: T } {
  const view = (name: "a" | "b", x: T) => {
    const own = start + end > 0 ? cut(x, start, end) : x;
    return views.includes(name) ? turn(own) : own;
  };
  return { a: view("a", a), b: view("b", b), ...(bias ? { bias } : {}) };
}

const ofTensors = {
  turn: (x: Tensor) => transpose(x),
  cut: (x: Tensor, start: number, end: number) => slice(x, -1, start, (x.shape.at(-1) ?? 0) - end),
};

const ofValues = {
  turn: (x: Dense) => {
    const rank = x.shape.length;
    return transposed({ x }, { order: [...Array(rank - 2).keys(), rank - 1, rank - 2] }).y;
  },
  cut: ({ shape: whole, values }: Dense, start: number, end: number): Dense => {
    const columns = whole.at(-1) ?? 0;
    const isSeen = (column: number) => column >= start && column < columns - end;
    return {
      shape: [...whole.slice(0, -1), columns - start - end],
      values: values.filter((_, i) => isSeen(i % columns)),
    };
  },
};

const layouts = [
  ["A·B", []],
  ["A·Bᵀ", ["b"]],
  ["Aᵀ·B", ["a"]],
] as const;

export const gemmCases: CaseTable<Inputs, "y", Form, keyof typeof gemm.variants> = {
  op: "gemm",
  variants: variantsOf(gemm),
  reference: (inputs, form) => reference(operandsOf(inputs, form, ofValues), { activation: form.activation }),
  run: (gpu, tensors, form, variant) => {
    const { transposed: _, without: __, ...options } = form;
    return gemm(gpu, operandsOf(tensors, form, ofTensors), { ...options, variant });
  },
  requires: (variant) => requirementsOf(gemm, variant),
  gate: {
    emulation: (inputs, form) => emulation(operandsOf(inputs, form, ofValues), form),
    allowed: (inputs, _variant, form) => gemmAllowed(operandsOf(inputs, form, ofValues), form),
  },
  cases: [
    shape("one element", [1, 1, 1], {}),
    ...layouts.flatMap(([name, transposed]) => [
      shape(`${name}, whole tiles`, [64, 64, 64], {}, { transposed }),
      withTags(shape(`${name}, large enough for tall tiles`, [260, 128, 256], {}, { transposed }), "tall"),
      shape(`${name}, ragged tiles of vectors`, [36, 28, 76], {}, { transposed }),
      shape(`${name}, odd everything`, [37, 19, 41], { bias: true }, { transposed }),
      shape(`${name}, views that begin within a vector`, [20, 24, 28], { bias: true }, { transposed, without: [3, 1] }),
      shape(`${name}, views that begin with a vector`, [20, 24, 28], {}, { transposed, without: [4, 0] }),
      shape(`${name}, views that end within a vector`, [20, 22, 28], {}, { transposed, without: [4, 2] }),
      shape(`${name}, two batch axes`, [8, 12, 20], { batch: [2, 3] }, { transposed }),
      shape(`${name}, one b for the batch`, [8, 16, 12], { batch: [3], bBatch: [] }, { transposed }),
    ]),
    shape("f16", [20, 36, 24], { types: ["f16", "f16"] }, { transposed: ["b"] }),
    shape("odd f16 next to f32", [5, 7, 9], { types: ["f32", "f16"], bias: true }, { transposed: ["b"] }),
    shape("f16 next to odd f32", [9, 7, 5], { types: ["f16", "f32"], bias: true }, { transposed: ["a"] }),
    shape("both transposed", [13, 21, 9], { bias: true }, { transposed: ["a", "b"] }),
    shape("an axis of one matrix in a batch", [6, 10, 7], { batch: [2, 3], bBatch: [2, 1], bias: true }),
    shape("a row", [1, 515, 67], { bias: true }),
    shape("a column", [70, 260, 1], { bias: true }),
    shape("tall and thin: k is long", [8, 2052, 4], {}, { transposed: ["b"] }),
    shape("tall and thin: k is long and odd, in a batch", [3, 1001, 4], { batch: [2], bias: true }),
    shape("infinities and NaN stay in their rows", [4, 20, 8], { infinite: true }),
    shape("infinities and NaN stay in their rows, odd k", [5, 21, 7], { infinite: true, bias: true }),
    withTags(shape("twenty workgroups and more", [132, 8, 72], {}), "folds"),
    withTags(shape("a bias, then relu", [20, 12, 24], { bias: true }, { activation: "relu" }), "epilogue"),
  ],
};

/** The epilogues, which all kernels but one have in the same part. */
export const gemmEpilogueCases: typeof gemmCases = {
  ...gemmCases,
  variants: ["naive", "tiled", "splitK"],
  cases: (["silu", "gelu", "gelu-tanh"] as const).flatMap((activation) => [
    shape(`a bias, then ${activation}`, [17, 12, 23], { bias: true }, { activation }),
    shape(`${activation} alone, k is long`, [4, 516, 8], {}, { activation }),
  ]),
};

type Sums = Inputs | "y";

/** A case whose results are added to existing numbers. */
function added({ inputs, ...rest }: Case<Inputs, Form>): Case<Sums, Form> {
  const [m, n] = [inputs.a, inputs.b].map(({ shape: axes }, i) => axes.at(i - 2) ?? 1);
  const sizes = [...inputs.a.shape.slice(0, -2), m ?? 1, n ?? 1];
  return { ...rest, inputs: { ...inputs, y: { shape: sizes, values: normal(sizeOf(sizes), 4, 3) } } };
}

/** A product plus the existing numbers; `round` rounds the sum. */
const onto =
  (product: (inputs: Named<Inputs, Dense>, form: Form) => { readonly y: Dense }, round = (sum: number) => sum) =>
  ({ y, ...inputs }: Named<Sums, Dense>, form: Form): { readonly y: Dense } => {
    const { y: found } = product(inputs, form);
    return { y: { ...y, values: y.values.map((value, i) => round(value + (found.values[i] ?? 0))) } };
  };

/** Products that are added to `into.y`. */
export const gemmSumCases: CaseTable<Sums, "y", Form, keyof typeof gemm.variants> = {
  ...gemmCases,
  reference: onto(gemmCases.reference),
  run: (gpu, { y, ...tensors }, { into: _, ...form }, variant) => {
    const { transposed: __, without: ___, ...options } = form;
    return gemm(gpu, operandsOf(tensors, form, ofTensors), { ...options, variant, into: { y }, accumulate: true });
  },
  gate: {
    emulation: onto((inputs, form) => emulation(operandsOf(inputs, form, ofValues), form), Math.fround),
    allowed: ({ y: _, ...inputs }, _variant, form) => gemmAllowed(operandsOf(inputs, form, ofValues), form),
  },
  cases: [
    added(shape("whole tiles", [64, 32, 64], {})),
    withTags(added(shape("large enough for tall tiles", [260, 128, 256], {})), "tall"),
    added(shape("ragged tiles of a batch", [20, 12, 24], { batch: [2] })),
    added(shape("odd everything, k is long", [7, 259, 5], {})),
    added(shape("an activation, then the sum", [9, 8, 12], { bias: true }, { activation: "silu" })),
  ],
};
