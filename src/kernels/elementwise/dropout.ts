import source from "#shaders/elementwise/dropout.wgsl";
import { type Check, type Checks, integer, required } from "../../options/checks.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";

/** Which elements are dropped. */
export interface DropoutOptions {
  /** The share that is, from 0 to below 1. */
  readonly rate: number;
  /** A number from 0 on that no other dropout of a step has. */
  readonly site: number;
}

/** Streams of the generator that others draw from: samplers, and tensors of random numbers. */
export const firstSite = 16;

const rateCheck: Check = required((value) =>
  typeof value === "number" && value >= 0 && value < 1 ? undefined : "a number from 0 to below 1",
);

/** Checks of the options. */
export const dropoutChecks: Checks<DropoutOptions> = {
  rate: rateCheck,
  site: required(integer(0, 2 ** 32 - 1 - firstSite)),
};

/**
 * Dropout: an element is 0 with the probability `rate`, and divided by 1 − rate otherwise, so that the mean stays
 * (Srivastava et al. 2014). x f32 `[...]`, key u32 `[2]`, a seed and the number of a step → y like x. Elements 2i and 2i + 1
 * are kept or not by the two words of Threefry-2x32-20 with this key and counter (i, 16 + site), bitwise the same on every
 * adapter; the gradient of x is the dropout of that of y, with the same key, rate and site.
 */
export const dropout = withOptions(
  defineKernel({
    name: "elementwise/dropout",
    source,
    inputs: { x: "[...x]", key: "[2]" },
    outputs: { y: "[...x]" },
    accepts: { key: ["u32"] },
    params: ({ x }, { rate, site }: DropoutOptions) => ({
      ...{ n: x, site: firstSite + site, threshold: Math.floor(rate * 2 ** 32), scale: 1 / (1 - rate) },
    }),
    threads: ({ x }) => Math.ceil(x / 2),
    cost: ({ x }) => ({ flops: x, requestedBytes: 8 * x + 8 * Math.ceil(x / 2) }),
  }),
  dropoutChecks,
);
