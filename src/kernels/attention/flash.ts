import source from "#shaders/attention/flash.wgsl";
import { defineKernel, type KernelContext } from "../kernel.ts";
import { attentionShader, attentionUniforms, type Sizes, visibleKeys, visiblePairs } from "./definition.ts";
import {
  type AttentionProblem,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  vectorRefusal,
} from "./options.ts";

/** The constants of `attention/flash.wgsl`. */
interface FlashTiles {
  readonly HEAD_WIDTH: number;
  readonly ROWS: number;
  readonly THREAD_ROWS: number;
  readonly COLUMN_THREADS: number;
  readonly KEYS: number;
  readonly CHUNKS: number;
}

/** Bytes of workgroup memory and threads of a workgroup that any device has. */
const limits = { workgroupBytes: 16384, threads: 256 } as const;

/**
 * How flash cuts heads of width d: a thread owns 8 rows, 8 columns of the output (4 where 8 do not divide d) and the
 * scores of 8 keys (4 for wide heads), and k and v pass through workgroup memory in as few pieces as fit. Undefined for
 * widths that cannot be cut into such pieces, because of a large prime factor.
 */
export function flashTiles(d: number): FlashTiles | undefined {
  const threadRows = 8;
  const columnThreads = d % 8 === 0 ? d / 8 : d / 4;
  const keys = columnThreads * (columnThreads > 16 ? 4 : 8);
  for (const rows of [64, 32]) {
    for (let chunks = 1; chunks <= d / 4; chunks++) {
      if (d % (4 * chunks) !== 0 || keys % (4 * chunks) !== 0) continue;
      const tile = (keys * d) / chunks;
      const bytes = 4 * (tile + (rows * keys) / chunks);
      const threads = (rows / threadRows) * columnThreads;
      if (columnThreads * rows <= tile && bytes <= limits.workgroupBytes && threads <= limits.threads) {
        return {
          HEAD_WIDTH: d,
          ROWS: rows,
          THREAD_ROWS: threadRows,
          COLUMN_THREADS: columnThreads,
          KEYS: keys,
          CHUNKS: chunks,
        };
      }
    }
  }
  return undefined;
}

const record = {
  name: "attention/flash",
  source,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", v: "[b, g, s, d]", "step?": "[64, 4]" },
  accepts: { step: ["u32"] },
  strided: ["q", "k", "v"],
  params: ({ h, g, t }: Sizes<"h" | "g" | "t">, { start, length, scale }: AttentionProblem) => ({
    h,
    g,
    t,
    start,
    length,
    scale,
  }),
  uniforms: (_axes: object, problem: AttentionProblem, views: KernelContext) =>
    attentionUniforms(problem, { views, mask: true, score: true }),
  specialise: ({ d }: Sizes<"d">, problem: AttentionProblem) => attentionShader(problem, { ...flashTiles(d) }),
  workgroups: ({ b, h, t, d }: Sizes<"b" | "h" | "t" | "d">): [number, number, number] => [
    Math.ceil(t / (flashTiles(d)?.ROWS ?? 1)),
    h,
    b,
  ],
  cost: ({ b, h, t, s, d }: Sizes<"b" | "h" | "t" | "s" | "d">, problem: AttentionProblem) => {
    const { ROWS = 1, KEYS = 1, CHUNKS = 1, COLUMN_THREADS = 1 } = flashTiles(d) ?? {};
    let executed = 0; // pairs
    let requested = t; // rows of d elements: out, then what each block reads of q, k and v
    for (let row = 0; row < t; row += ROWS) {
      const [first, end] = visibleKeys({ t, s }, problem, row, Math.min(row + ROWS, t) - 1);
      const steps = Math.ceil((end - first) / KEYS);
      const valueKeys = Math.ceil((end - first) / (KEYS / CHUNKS)) * (KEYS / CHUNKS);
      executed += (ROWS * (steps * KEYS + valueKeys)) / 2;
      requested += steps * ROWS * COLUMN_THREADS + 2 * (end - first);
    }
    return {
      flops: 4 * d * visiblePairs({ b, h, t, s }, problem),
      executedFlops: 4 * d * b * h * executed,
      requestedBytes: 4 * d * b * h * requested,
    };
  },
} as const;

const flashKernel = defineKernel({ ...record, outputs: { out: "[b, t, h, d]" } });
const flashKernelWithLse = defineKernel({ ...record, outputs: { out: "[b, t, h, d]", lse: "[b, h, t]" } });

/** Tiles of queries and keys with an online softmax (Dao 2023): the scores never reach memory. For many queries. */
export const flash: AttentionVariant = {
  accepts: (tensors, options) => {
    const d = tensors.q.shape[3] ?? 0;
    return vectorRefusal(tensors, options) ?? (flashTiles(d) ? undefined : `it has no tiles for heads of width ${d}`);
  },
  record: (gpu, { q, k, v, step }, options) => {
    const problem = attentionProblem({ q, k, v, step }, options);
    using scope = gpu.scope();
    if (!problem.lse) return attentionResult(scope, flashKernel(gpu, { q, k, v, step }, problem).out);
    const { out, lse } = flashKernelWithLse(gpu, { q, k, v, step }, problem);
    return attentionResult(scope, out, lse);
  },
};
