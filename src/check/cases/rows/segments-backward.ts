import { maxBackward, reduceSegmentsBackward } from "../../../kernels/reduce/segments-backward.ts";
import { segmentsBackward as reference, maxBackward as referenceOfMax } from "../../../reference/segments.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseTable, variantsOf, withTags } from "../../case-table.ts";
import { normal } from "../../random.ts";
import { segmentCases } from "./segments.ts";

type Inputs = "x" | "weights" | "offsets" | "dy";
type Options = { operation: "sum" | "max" };

/** A case of the forward with a gradient of its result. */
const withGradient = ({ name, inputs, options }: (typeof segmentCases.cases)[number]): Case<Inputs, Options> => {
  const shape = [inputs.offsets.values.length - 1, inputs.x.shape[1] ?? 0];
  return { name, inputs: { ...inputs, dy: { shape, values: normal(sizeOf(shape), 6) } }, options };
};

const own = (
  name: string,
  operation: Options["operation"],
  offsets: readonly number[],
  x: { readonly shape: readonly number[]; readonly values: ArrayLike<number> },
  weights: readonly number[],
): Case<Inputs, Options> => {
  const shape = [offsets.length - 1, x.shape[1] ?? 0];
  return {
    name: `${operation}: ${name}`,
    inputs: {
      x,
      weights: { shape: [weights.length], values: weights },
      offsets: { shape: [offsets.length], values: offsets, dtype: "u32" },
      dy: { shape, values: normal(sizeOf(shape), 7) },
    },
    options: { operation },
  };
};

const { NaN: none, NEGATIVE_INFINITY: lowest, POSITIVE_INFINITY: highest } = Number;
const random = (shape: readonly number[]) => ({ shape, values: normal(sizeOf(shape), 8) });

/** One rounding of a product: the number stored is the nearest to it. */
const oneProduct = {
  emulation: (inputs: Parameters<typeof reference>[0], options: Options) => {
    const { dx } = reference(inputs, options);
    return { dx: { ...dx, values: dx.values.map(Math.fround) } };
  },
} as const;

/** Gradients of pooled rows. */
export const segmentBackwardCases: CaseTable<Inputs, "dx", Options, keyof typeof reduceSegmentsBackward.variants> = {
  op: "segments-backward",
  variants: variantsOf(reduceSegmentsBackward),
  reference,
  run: (gpu, tensors, options, variant) => reduceSegmentsBackward(gpu, tensors, { ...options, variant }),
  gate: oneProduct,
  cases: [
    ...segmentCases.cases.map(withGradient),
    ...(["sum", "max"] as const).flatMap((operation) => [
      own("rows before the first segment and after the last", operation, [2, 4, 7], random([11, 6]), [
        ...[1, 1, 0.5, 2, 1, 0, 3, 1, 1, 1, 1],
      ]),
      own("no segment", operation, [0], random([5, 3]), [1, 1, 1, 1, 1]),
      withTags(
        own("folds: 10 and 50 workgroups", operation, [0, 5, 12, 16, 25, 25, 33, 40, 41, 48, 50], random([50, 64]), [
          ...Array.from({ length: 50 }, (_, t) => t % 4),
        ]),
        "folds",
      ),
    ]),
    own("the first of equal rows", "max", [0, 3, 5], { shape: [5, 2], values: [1, 2, 3, 2, 3, 2, 7, 4, 7, 5] }, [
      ...[1, 1, 1, 1, 1],
    ]),
    own("the weight makes the largest", "max", [0, 3], { shape: [3, 2], values: [1, -1, 3, -2, 2, -9] }, [4, 1, 3]),
    own("weights below 0", "max", [0, 3], { shape: [3, 1], values: [1, 2, 3] }, [-1, -1, -1]),
    own(
      "NaN is the maximum, the first that is; −∞ and +∞",
      "max",
      [0, 4],
      { shape: [4, 3], values: [1, lowest, 2, none, lowest, highest, none, lowest, highest, 5, lowest, 3] },
      [1, 1, 1, 1],
    ),
  ],
};

type MaxCase = Case<"x" | "dy", { readonly axis: number }>;

const maxCase = (
  name: string,
  shape: readonly number[],
  axis: number,
  change: (value: number, i: number) => number = (value) => value,
): MaxCase => {
  const rest = shape.toSpliced(axis < 0 ? axis + shape.length : axis, 1);
  return {
    name: `${name}: [${shape.join(", ")}] over ${axis}`,
    inputs: {
      x: { shape, values: normal(sizeOf(shape), 1).map(change) },
      dy: { shape: rest, values: normal(sizeOf(rest), 2) },
    },
    options: { axis },
  };
};

/** Gradients of maxima over an axis. */
export const maxBackwardCases: CaseTable<"x" | "dy", "dx", { axis: number }, keyof typeof maxBackward.variants> = {
  op: "max-backward",
  variants: variantsOf(maxBackward),
  reference: referenceOfMax,
  run: (gpu, tensors, options, variant) => maxBackward(gpu, tensors, { ...options, variant }),
  cap: 0,
  cases: [
    maxCase("one element", [1], 0),
    maxCase("a vector", [37], 0),
    maxCase("the last axis", [3, 127], 1),
    maxCase("the first axis", [37, 5], 0),
    maxCase("a middle axis, counted from the last", [3, 41, 7], -2),
    maxCase("an axis of one", [4, 1, 5], 1),
    maxCase("over nothing", [4, 0, 3], 1),
    maxCase("no results", [0, 3], 1),
    withTags(maxCase("folds: 10 and 30 workgroups", [640, 3], 1), "folds"),
    maxCase("equal elements: the first", [5, 40], 1, (value) => Math.round(value)),
    maxCase("NaN: the first that is", [4, 30], 1, (value, i) => (i % 30 > 20 ? none : value)),
    maxCase("−∞ and +∞", [4, 10], 1, (value, i) => (i < 10 ? lowest : i % 10 > 6 ? highest : value)),
  ],
};
