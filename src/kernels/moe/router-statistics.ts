import naiveSource from "#shaders/moe/backward/statistics.wgsl";
import lanesSource from "#shaders/moe/backward/statistics-lanes.wgsl";
import source from "#shaders/moe/balance/statistics.wgsl";
import sharesSource from "#shaders/moe/balance/statistics-shares.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, oneOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { columnSums } from "../reduce/column-sums.ts";
import { tuning } from "../tuning.ts";
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

/** The sums `[2e + 1]`. */
interface RouterStatistics {
  readonly sums: Tensor;
}

type ChunkAxes = Readonly<Record<"t" | "e" | "k", number>>;

/** Threads of a workgroup, which are the tokens of a chunk: few where they have many shares to keep. */
const chunkOf = (experts: number) => (experts <= 60 ? 64 : 16);

const chunks = ({ t, e }: ChunkAxes) => Math.ceil(t / chunkOf(e));

/** Sums of chunks of tokens. */
const ofChunks = {
  inputs: { logits: "[t, e]", experts: "[t, k]" },
  outputs: { sums: "[chunks, columns]" },
  accepts: { experts: ["u32"] },
  axes: (axes: ChunkAxes, _options: RouterScores) => ({ chunks: chunks(axes), columns: 2 * axes.e + 1 }),
  params: ({ t }: ChunkAxes) => ({ tokens: t }),
  specialise: ({ e, k }: ChunkAxes, { scores = "softmax" }: RouterScores) => ({
    parts: [scoreParts[scores][0]],
    constants: { EXPERTS: e, CHOICES: k, WORKGROUP: chunkOf(e) },
  }),
  threads: ({ t }: ChunkAxes) => t,
} as const;

const byColumn = defineKernel({
  ...ofChunks,
  name: "moe/balance/statistics",
  source,
  cost: (axes: ChunkAxes) => {
    const { t, e, k } = axes;
    return { flops: t * e * (k + 8), requestedBytes: 4 * (t * e * (4 + k) + chunks(axes) * (2 * e + 1)) };
  },
});

const byToken = defineKernel({
  ...ofChunks,
  name: "moe/balance/statistics-shares",
  source: sharesSource,
  cost: (axes: ChunkAxes) => {
    const { t, e, k } = axes;
    return { flops: t * e * 8, requestedBytes: 4 * (t * (2 * e + k) + chunks(axes) * (2 * e + 1)) };
  },
});

/** Sums of chunks, added up in their order. */
const summed =
  (partial: typeof byColumn | typeof byToken) =>
  (gpu: Gpu, tensors: RouterStatisticsTensors, options: RouterScores): RouterStatistics => {
    using scope = gpu.scope();
    return { sums: scope.keep(columnSums(gpu, { x: partial(gpu, tensors, options).sums }).y) };
  };

/**
 * Experts whose shares the tokens of the smallest chunk have room for in the 16 KiB of workgroup memory that all have.
 */
const maxExperts = 240;

const statistics = {
  naive: { record: summed(byColumn) },
  shares: {
    accepts: ({ logits }: RouterStatisticsTensors) => {
      const { [1]: experts = 0 } = logits.shape;
      return experts <= maxExperts ? undefined : `there are ${experts} experts, expected at most ${maxExperts}`;
    },
    record: summed(byToken),
  },
} as const;

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

/**
 * The sums over all tokens from which a router's auxiliary losses are computed: logits f32 `[t, e]`, experts u32 `[t,
 * k]` → sums f32 `[2e + 1]`: of each expert's share of all scores, of the choices of each expert (whole numbers), and
 * of lse(logits)². Their order depends on t alone. Throws `ShapeError` for shapes that do not fit.
 */
export const routerStatistics = defineOp<RouterStatisticsTensors, RouterScores, RouterStatistics, typeof statistics>(
  { name: "moe/balance/statistics", variants: statistics, order: () => ["shares", "naive"] },
  { tensors: tensorFields("logits", "experts"), options: fields },
);

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
  { name: "moe/statistics-backward", variants, order: (_tensors, _options, gpu) => tuning(gpu).routerGradients },
  { tensors: tensorFields("logits", "dsums"), options: fields },
);
