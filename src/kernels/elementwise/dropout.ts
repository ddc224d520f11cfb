import naiveSource from "#shaders/elementwise/dropout.wgsl";
import vectorSource from "#shaders/elementwise/dropout-vectors.wgsl";
import { belowOne, type Check, type Checks, fieldsOf, integer, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";

/** Which elements are dropped. */
export interface DropoutOptions {
  /** The share of elements to drop, from 0 to below 1. */
  readonly rate: number;
  /** A number from 0 on that no other dropout of a step has. */
  readonly site: number;
}

/** The input, and the seed and the number of the step. */
interface DropoutTensors {
  readonly x: Tensor;
  readonly key: Tensor;
}

/** The result, like `x`. */
interface DropoutResult {
  readonly y: Tensor;
}

/** Streams of the generator that others draw from: samplers, and tensors of random numbers. */
export const firstSite = 16;

const rateCheck: Check = required(belowOne);

/** Checks of the options. */
export const dropoutChecks: Checks<DropoutOptions> = {
  rate: rateCheck,
  site: required(integer(0, 2 ** 32 - 1 - firstSite)),
};

const elements = {
  inputs: { x: "[...x]", key: "[2]" },
  outputs: { y: "[...x]" },
  accepts: { key: ["u32"] },
} as const;

type Axes = Readonly<Record<"x", number>>;

/** `Params`, for steps of so many elements. */
const params = ({ x }: Axes, { rate, site }: DropoutOptions, width: number) => ({
  n: x / width,
  site: firstSite + site,
  threshold: Math.floor(rate * 2 ** 32),
  scale: 1 / (1 - rate),
});

/** A thread a pair of elements. */
const naive = {
  record: defineKernel({
    ...elements,
    name: "elementwise/dropout",
    source: naiveSource,
    params: (axes: Axes, options: DropoutOptions) => params(axes, options, 1),
    threads: ({ x }) => Math.ceil(x / 2),
    cost: ({ x }) => ({ flops: x, requestedBytes: 8 * x + 8 * Math.ceil(x / 2) }),
  }),
};

/** A thread two pairs, which are a vector. */
const vectors = {
  accepts: ({ x }: DropoutTensors) =>
    x.size % 4 === 0 ? undefined : `x has ${x.size} elements, expected a multiple of 4`,
  record: defineKernel({
    ...elements,
    name: "elementwise/dropout-vectors",
    source: vectorSource,
    params: (axes: Axes, options: DropoutOptions) => params(axes, options, 4),
    threads: ({ x }) => x / 4,
    cost: ({ x }) => ({ flops: x, requestedBytes: 10 * x }),
  }),
};

const variants = { naive, vectors } as const;

/**
 * Dropout: an element is 0 with the probability `rate`, and divided by 1 − rate otherwise, which keeps the mean
 * (Srivastava et al. 2014). x f32 `[...]`, key u32 `[2]`, a seed and the number of a step → y like x. Elements 2i and
 * 2i + 1 are kept or not by the two words of Threefry-2x32-20 with this key and counter (i, 16 + site), bitwise the
 * same on every adapter and in every variant; the gradient of x is the dropout of that of y, with the same key, rate
 * and site.
 */
export const dropout = /* @__PURE__ */ defineOp<
  DropoutTensors,
  DropoutOptions & Into<DropoutResult>,
  DropoutResult,
  typeof variants
>(
  { name: "dropout", variants, order: () => ["vectors", "naive"] },
  { tensors: tensorFields("x", "key"), options: fieldsOf({ ...dropoutChecks, into: intoOf("y") }) },
);
