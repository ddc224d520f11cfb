// All steps of the GRU that is reset before the product, in one dispatch.
import biasNone from "#shaders/lib/bias/none.wgsl";
import biasVector from "#shaders/lib/bias/vector.wgsl";
import source from "#shaders/recurrent/resident-before.wgsl";
import backwardSource from "#shaders/recurrent/resident-before-backward.wgsl";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { defineKernel } from "../define/kernel.ts";
import { lengthsPart, type RecurrentOptions, residentConstants, reverseOf, withLengths } from "./problem.ts";

const usual = /* @__PURE__ */ constantsOf(source, "WORKGROUP", "ROWS");
const usualBackward = /* @__PURE__ */ constantsOf(backwardSource, "WORKGROUP", "ROWS");

const shared = {
  accepts: { lengths: ["u32"] },
  params: ({ b, t }: Readonly<Record<"b" | "t", number>>, options: RecurrentOptions) => ({
    b,
    t,
    reverse: reverseOf(options),
  }),
} as const;

/** Rows of the transposed weight are held; states, r · state and z are in workgroup memory too. */
export const beforeResidence = (h: number) => ({ h, lines: h, columns: 3 * h, usual, perRow: 3 * h });

/** Rows of the weight as it is are held, and the slopes of three gates. */
export const beforeBackwardResidence = (h: number) => ({
  h,
  lines: 3 * h,
  columns: h,
  usual: usualBackward,
  perRow: 3 * h,
});

/** All steps of some rows. */
export const beforeKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/resident-before",
  source,
  inputs: { a: "[b, t, columns]", weight: "[h, columns]", "bias?": "[columns]", "lengths?": "[b]" },
  inout: { state: "[b, h]", out: "[b, t, h]" },
  ...shared,
  specialise: ({ h }, _options, context) => ({
    parts: [lengthsPart(context), "bias" in context.dtypes ? biasVector : biasNone],
    constants: residentConstants(context.gpu, beforeResidence(h)),
  }),
  workgroups: ({ b }) => [Math.ceil(b / usual.ROWS)],
  cost: ({ b, t, h }, _options, { dtypes, gpu }) => {
    const { HELD } = residentConstants(gpu, beforeResidence(h));
    const weights = Math.ceil(b / usual.ROWS) * 3 * h * (HELD + t * (h - HELD));
    const each = 4 + ("bias" in dtypes ? 3 : 0) + 2 * withLengths(dtypes);
    return {
      flops: b * t * h * (6 * h + 11),
      requestedBytes: 4 * (weights + 2 * b * h + b * t * h * each),
    };
  },
});

/** All steps of some rows, backwards. */
export const beforeBackwardKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/resident-before-backward",
  source: backwardSource,
  inputs: {
    gates: "[b, t, columns]",
    dout: "[b, t, h]",
    previous: "[b, t, h]",
    weight: "[columns, h]",
    "lengths?": "[b]",
  },
  inout: { dstate: "[b, h]", dgates: "[b, t, columns]" },
  ...shared,
  specialise: ({ h }, _options, context) => ({
    parts: [lengthsPart(context)],
    constants: residentConstants(context.gpu, beforeBackwardResidence(h)),
  }),
  workgroups: ({ b }) => [Math.ceil(b / usualBackward.ROWS)],
  cost: ({ b, t, h }, _options, { dtypes, gpu }) => {
    const { HELD } = residentConstants(gpu, beforeBackwardResidence(h));
    const weights = Math.ceil(b / usualBackward.ROWS) * h * (HELD + t * (3 * h - HELD));
    return {
      flops: b * t * h * (6 * h + 26),
      requestedBytes: 4 * (weights + b * t * h * (15 + 2 * withLengths(dtypes))),
    };
  },
});
