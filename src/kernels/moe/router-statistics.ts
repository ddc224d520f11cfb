import naiveSource from "#shaders/moe/backward/statistics.wgsl";
import lanesSource from "#shaders/moe/backward/statistics-lanes.wgsl";
import source from "#shaders/moe/statistics.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/specialise.ts";
import { fieldsOf, oneOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, tensorFields } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";
import { defineOp } from "../op.ts";
import { columnSums } from "../reduce/column-sums.ts";
import { type LogitGradient, lanesOfToken, scoreParts, tokenGroups } from "./route-backward.ts";

/** A router's logits f32 `[t, e]`, and the choices u32 `[t, k]` that followed from them. */
export interface RouterStatisticsTensors {
  readonly logits: Tensor;
  readonly experts: Tensor;
}

/** How scores follow from logits. */
export interface RouterScores {
  /** Default softmax. */
  readonly scores?: "softmax" | "sigmoid";
}

/** Threads of a workgroup, which are tokens of a chunk. */
const { WORKGROUP: chunk } = constantsOf(source, "WORKGROUP");

const partial = defineKernel({
  name: "moe/statistics",
  source,
  inputs: { logits: "[t, e]", experts: "[t, k]" },
  outputs: { sums: "[chunks, columns]" },
  accepts: { experts: ["u32"] },
  axes: ({ t, e }, _options: RouterScores) => ({ chunks: Math.ceil(t / chunk), columns: 2 * e + 1 }),
  params: ({ t }) => ({ tokens: t }),
  specialise: ({ e, k }, { scores = "softmax" }) => ({
    parts: [scoreParts[scores][0]],
    constants: { EXPERTS: e, CHOICES: k },
  }),
  threads: ({ t }) => t,
  cost: ({ t, e, k }) => ({
    flops: t * e * (k + 8),
    requestedBytes: 4 * (t * e * (4 + k) + Math.ceil(t / chunk) * (2 * e + 1)),
  }),
});

type Axes = Readonly<Record<"t" | "e", number>>;

const ofTokens = {
  inputs: { logits: "[t, e]", dsums: "[columns]" },
  outputs: { dlogits: "[t, e]" },
  params: ({ t }: Axes, _options: RouterScores) => ({ tokens: t }),
  cost: ({ t, e }: Axes) => ({ flops: 16 * t * e, requestedBytes: 4 * t * (7 * e + 1) }),
} as const;

/** A thread a token. */
const naive = {
  record: defineKernel({
    ...ofTokens,
    name: "moe/backward/statistics",
    source: naiveSource,
    specialise: ({ e }, { scores = "softmax" }) => ({ parts: [...scoreParts[scores]], constants: { EXPERTS: e } }),
    threads: ({ t }) => t,
  }),
};

/** Several threads a token. */
const lanes = {
  record: defineKernel({
    ...ofTokens,
    name: "moe/backward/statistics-lanes",
    source: lanesSource,
    specialise: ({ e }, { scores = "softmax" }) => ({
      parts: [...scoreParts[scores]],
      constants: { EXPERTS: e, ...lanesOfToken(e) },
    }),
    workgroups: tokenGroups,
  }),
};

const variants = { lanes, naive } as const;

const fields = fieldsOf<RouterScores>({ scores: oneOf("softmax", "sigmoid") });
const inputs = tensorFields("logits", "experts");

/**
 * What auxiliary losses of a router are made of, over all tokens: logits f32 `[t, e]`, experts u32 `[t, k]` → sums f32
 * `[2e + 1]`: of each expert's share of all scores, of the choices of each expert (whole numbers), and of lse(logits)².
 * Sums are in an order that only t decides. Throws `ShapeError` for shapes that do not fit.
 */
export function routerStatistics(
  gpu: Gpu,
  tensors: RouterStatisticsTensors,
  options: RouterScores = {},
): { readonly sums: Tensor } {
  checkCall("routerStatistics", inputs, tensors, fields, options);
  const heading = { op: "moe/statistics", variant: "chunks", options: { ...options }, by: routerStatistics, tensors };
  return gpu.group(heading, () => {
    using scope = gpu.scope();
    return { sums: scope.keep(columnSums(gpu, { x: partial(gpu, tensors, options).sums }).y) };
  });
}

/**
 * The gradient of {@link routerStatistics}: logits `[t, e]`, dsums `[2e + 1]` → dlogits `[t, e]`. The choices count as
 * constant. Throws `ShapeError` for shapes that do not fit.
 */
export const routerStatisticsBackward = defineOp<
  { readonly logits: Tensor; readonly dsums: Tensor },
  RouterScores,
  LogitGradient,
  typeof variants
>(
  { name: "moe/statistics-backward", variants, order: () => ["lanes", "naive"] },
  { tensors: tensorFields("logits", "dsums"), options: fields },
);
