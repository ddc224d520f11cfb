import type { CaseTable } from "../../src/check/case-table.ts";

/** The modules whose exports are tables of cases: all of them, each loaded when its turn comes. */
const modules: readonly (() => Promise<Readonly<Record<string, unknown>>>)[] = [
  () => import("../../src/check/cases/activation.ts"),
  () => import("../../src/check/cases/activation-backward.ts"),
  () => import("../../src/check/cases/adamw.ts"),
  () => import("../../src/check/cases/attention/selected-keys.ts"),
  () => import("../../src/check/cases/attention/alignment.ts"),
  () => import("../../src/check/cases/attention/append-rotated.ts"),
  () => import("../../src/check/cases/attention/attention.ts"),
  () => import("../../src/check/cases/attention/backward.ts"),
  () => import("../../src/check/cases/attention/cascade.ts"),
  () => import("../../src/check/cases/attention/dropout.ts"),
  () => import("../../src/check/cases/attention/hadamard.ts"),
  () => import("../../src/check/cases/attention/kv-cache.ts"),
  () => import("../../src/check/cases/attention/layouts.ts"),
  () => import("../../src/check/cases/attention/linear.ts"),
  () => import("../../src/check/cases/attention/merge.ts"),
  () => import("../../src/check/cases/attention/mods.ts"),
  () => import("../../src/check/cases/attention/ring.ts"),
  () => import("../../src/check/cases/attention/rope.ts"),
  () => import("../../src/check/cases/cast.ts"),
  () => import("../../src/check/cases/dropout.ts"),
  () => import("../../src/check/cases/elementwise.ts"),
  () => import("../../src/check/cases/embedding.ts"),
  () => import("../../src/check/cases/fill.ts"),
  () => import("../../src/check/cases/gather-backward.ts"),
  () => import("../../src/check/cases/linear-recurrence.ts"),
  () => import("../../src/check/cases/moe/adapted.ts"),
  () => import("../../src/check/cases/moe/backward.ts"),
  () => import("../../src/check/cases/moe/experts.ts"),
  () => import("../../src/check/cases/moe/route.ts"),
  () => import("../../src/check/cases/optimizers.ts"),
  () => import("../../src/check/cases/products/gemm.ts"),
  () => import("../../src/check/cases/products/matmul.ts"),
  () => import("../../src/check/cases/products/projection.ts"),
  () => import("../../src/check/cases/random.ts"),
  () => import("../../src/check/cases/recurrent.ts"),
  () => import("../../src/check/cases/rows/cross-entropy.ts"),
  () => import("../../src/check/cases/rows/cross-entropy-blocks.ts"),
  () => import("../../src/check/cases/rows/l2-normalise.ts"),
  () => import("../../src/check/cases/rows/layer-norm.ts"),
  () => import("../../src/check/cases/rows/linear-cross-entropy.ts"),
  () => import("../../src/check/cases/rows/log-softmax.ts"),
  () => import("../../src/check/cases/rows/magnitude.ts"),
  () => import("../../src/check/cases/rows/norm-backward.ts"),
  () => import("../../src/check/cases/rows/reduce.ts"),
  () => import("../../src/check/cases/rows/rms-norm.ts"),
  () => import("../../src/check/cases/rows/segments.ts"),
  () => import("../../src/check/cases/rows/segments-backward.ts"),
  () => import("../../src/check/cases/rows/softmax.ts"),
  () => import("../../src/check/cases/rows/softmax-backward.ts"),
  () => import("../../src/check/cases/sampling/accept-drafts.ts"),
  () => import("../../src/check/cases/sampling/argmax.ts"),
  () => import("../../src/check/cases/sampling/beams.ts"),
  () => import("../../src/check/cases/sampling/logprobs.ts"),
  () => import("../../src/check/cases/sampling/penalise.ts"),
  () => import("../../src/check/cases/sampling/restrict.ts"),
  () => import("../../src/check/cases/sampling/token-weights.ts"),
  () => import("../../src/check/cases/short-convolution.ts"),
  () => import("../../src/check/cases/softcap.ts"),
];

/** The tables of every op, one module after the other. */
export async function* caseTables(): AsyncGenerator<CaseTable> {
  for (const load of modules) {
    for (const value of Object.values(await load()).flat()) if (isTable(value)) yield value;
  }
}

const isTable = (value: unknown): value is CaseTable =>
  typeof value === "object" && value !== null && "reference" in value && "variants" in value && "cases" in value;
