import source from "#shaders/attention/flash.wgsl";
import { defineKernel, type KernelContext } from "../kernel.ts";
import { attentionShader, attentionUniforms, type Sizes, visiblePairs } from "./definition.ts";
import {
  type AttentionProblem,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  vectorRefusal,
} from "./options.ts";

/** How flash cuts heads of one width: see the constants of these names in `attention/flash.wgsl`. */
interface FlashTiles {
  readonly ROWS: number;
  readonly COLUMN_THREADS: number;
  readonly KEYS: number;
  readonly CHUNKS: number;
}

const threadRows = 8;

/** Bytes of workgroup memory that any device has. */
const workgroupBytes = 16384;

/**
 * Tiles for heads of width d: a thread owns 8 rows, 8 columns of the output (4 where 8 do not divide d) and 8 keys of
 * the scores (4 for wide heads), and k and v pass through workgroup memory in as few pieces as fit.
 */
export function flashTiles(d: number, rows: number): FlashTiles {
  const columnThreads = d % 8 === 0 ? d / 8 : d / 4;
  const keys = columnThreads * (columnThreads > 16 ? 4 : 8);
  const blockRows = rows <= 32 ? 32 : 64;
  for (let chunks = 1; chunks <= d / 4; chunks++) {
    if (d % (4 * chunks) !== 0 || keys % (4 * chunks) !== 0) continue;
    const tile = (keys * d) / chunks;
    if (columnThreads * blockRows <= tile && 4 * (tile + (blockRows * keys) / chunks) <= workgroupBytes) {
      return { ROWS: blockRows, COLUMN_THREADS: columnThreads, KEYS: keys, CHUNKS: chunks };
    }
  }
  throw new RangeError(`attention/flash: no tiles for heads of width ${d}`);
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
  specialise: ({ d, h, g, t }: Sizes<"d" | "h" | "g" | "t">, problem: AttentionProblem) =>
    attentionShader(problem, { HEAD_WIDTH: d, THREAD_ROWS: threadRows, ...flashTiles(d, (h / g) * t) }),
  workgroups: ({ b, h, g, t, d }: Sizes<"b" | "h" | "g" | "t" | "d">): [number, number, number] => {
    const rows = (h / g) * t;
    return [Math.ceil(rows / flashTiles(d, rows).ROWS), g, b];
  },
  cost: ({ b, h, t, s, d }: Sizes<"b" | "h" | "t" | "s" | "d">, problem: AttentionProblem) => ({
    flops: 4 * d * visiblePairs({ b, h, t, s }, problem),
  }),
} as const;

const flashKernel = defineKernel({ ...record, outputs: { out: "[b, t, h, d]" } });
const flashKernelWithLse = defineKernel({ ...record, outputs: { out: "[b, t, h, d]", lse: "[b, h, t]" } });

/** Tiles of queries and keys with an online softmax (Dao 2023): the scores never reach memory. For many queries. */
export const flash: AttentionVariant = {
  accepts: vectorRefusal,
  record: (gpu, { q, k, v, step }, options) => {
    const problem = attentionProblem({ q, k, v, step }, options);
    using scope = gpu.scope();
    if (!problem.lse) return attentionResult(scope, flashKernel(gpu, { q, k, v, step }, problem).out);
    const { out, lse } = flashKernelWithLse(gpu, { q, k, v, step }, problem);
    return attentionResult(scope, out, lse);
  },
};
