// The gradients of the tensors of scores: sums over pairs, along diagonals where only the distance decides which
// element is read.
import diagonalsSource from "#shaders/attention/backward/diagonals.wgsl";
import flashDiagonalsSource from "#shaders/attention/backward/flash-diagonals.wgsl";
import biasSource from "#shaders/attention/backward/rows-bias.wgsl";
import tableSource from "#shaders/attention/backward/table.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import { constantsOf } from "../../../gpu/shader/specialise.ts";
import type { Shape } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { reshape } from "../../../tensor/views.ts";
import { gridOf } from "../../define/grid.ts";
import { defineKernel } from "../../define/kernel.ts";
import {
  attentionUniforms,
  bySequence,
  type Figures,
  knowsTiles,
  type Sizes,
  visibleKeys,
  visiblePairs,
} from "../definition.ts";
import { visitedTiles } from "../flash-kernel.ts";
import { isRagged } from "../layouts.ts";
import { type ElementsProblem, sumsOfElements } from "./elements.ts";
import { KEYS, ROWS } from "./flash-tiles.ts";
import {
  type Axes,
  both,
  type Given,
  mapped,
  ofProducts,
  pairParts,
  partsOf,
  type TiledProblem,
  tiled,
} from "./fused.ts";
import type { AttentionGradients, BackwardProblem } from "./options.ts";
import type { ScoreTensor } from "./score-tensors.ts";
import { viewFields } from "./stats.ts";

/** How a variant adds up the gradients of scores, each times the derivative that the problem's parts have. */
interface ScoreSums {
  /** Along diagonals of queries and keys: `[parts, h, t + s − 1]`, still to be summed over parts. */
  readonly alongDiagonals: (problem: BackwardProblem) => Tensor;
  /** Over batch rows and heads that share an element of `[b or 1, h or 1, t, s]`. */
  readonly ofPairs: (problem: BackwardProblem, shape: Shape) => Tensor;
  /** Over the pairs that read each of n elements: `[n]`. */
  readonly ofElements: (problem: ElementsProblem) => Tensor;
}

/** Workgroups that keep a device busy: the blocks of a head are divided among more where there are few heads. */
const enough = 64;

/** Parts into which the blocks of queries of a head are divided. */
const partsFor = ({ b, h, t }: Sizes<"b" | "h" | "t">): number =>
  Math.max(1, Math.min(Math.ceil(t / ROWS), Math.ceil(enough / (b * h))));

/** The offset k − q of the first diagonal: in sequences that share a row queries begin at positions of each. */
const firstOffset = ({ t, s }: Sizes<"t" | "s">, { place, start }: BackwardProblem) =>
  isRagged(place) ? 1 - s : 1 - t - start;

const flashDiagonals = defineKernel({
  name: "attention/backward/flash-diagonals",
  source: flashDiagonalsSource,
  ...tiled(),
  outputs: { diagonals: "[parts, h, n]" },
  axes: ({ h, t, s }: Axes, { place: { sequences: b } }: TiledProblem) => ({
    parts: b * partsFor({ b, h, t }),
    n: t + s - 1,
  }),
  params: ({ h, g, t, s }: Axes, problem: TiledProblem, context) => ({
    h,
    g,
    t,
    s,
    start: problem.start,
    length: problem.length,
    scale: problem.scale,
    first: firstOffset({ t, s }, problem),
    ...viewFields("dout", context),
  }),
  workgroups: ({ h, t }, { place: { sequences: b } }) => [partsFor({ b, h, t }), h, b],
  cost: bySequence((axes: Axes, problem: TiledProblem, _context, shader): Figures => {
    const { b, h, t, s, d, dv } = axes;
    const flops = 2 * (d + dv) * visiblePairs(axes, problem);
    if (!knowsTiles(problem) || isRagged(problem.place)) return { flops };
    const { COLUMN_THREADS, THREADS, OWN } = constantsOf(shader, "COLUMN_THREADS", "THREADS", "OWN");
    const products = ofProducts(axes, shader);
    const n = t + s - 1;
    let executed = 0;
    let requested = 4 * n * partsFor(axes);
    for (let row = 0; row < t; row += ROWS) {
      const tiles = visitedTiles(axes, problem, row, { ROWS, KEYS });
      const [begin] = visibleKeys(axes, problem, row, Math.min(row + ROWS, t) - 1);
      executed += tiles.length * products.executed;
      requested += tiles.length * products.requested + 8 * ROWS * COLUMN_THREADS;
      for (let first = begin + t - row - ROWS, i = 0; i < tiles.length; first += KEYS, i++) {
        requested += 8 * (Math.min(first + OWN * THREADS, n) - Math.max(first, 0));
      }
    }
    return { flops, executedFlops: b * h * executed, requestedBytes: b * h * requested };
  }),
});

interface BiasProblem extends BackwardProblem {
  /** Batch rows and heads of the bias. */
  readonly batches: number;
  readonly heads: number;
}

const pairsOfBias = defineKernel({
  name: "attention/backward/rows-bias",
  source: biasSource,
  ...both,
  outputs: { dbias: "[batches, heads, t, s]" },
  axes: (_axes: Axes, { batches, heads }: BiasProblem) => ({ batches, heads }),
  params: (axes: Axes, { start, length, scale, batches, heads }, context) => ({
    ...axes,
    start,
    length,
    scale,
    batches,
    heads,
    ...viewFields("dout", context),
  }),
  uniforms: (_axes, problem, views) => attentionUniforms(problem, { views, ...pairParts }),
  specialise: (_axes, problem) => ({ parts: partsOf(problem) }),
  workgroups: ({ t, s }, { batches, heads }, _context, shader) => [...gridOf(s, shader), t, batches * heads],
  cost: (axes: Axes, problem) => {
    const [pairs, { t, s, d, dv }] = [visiblePairs(axes, problem), axes];
    const elements = problem.batches * problem.heads * t * s;
    return { flops: 2 * (d + dv) * pairs, requestedBytes: 4 * ((2 * d + 2 * dv + 2) * pairs + elements) };
  },
});

/** Sums along the diagonals of `[b, h, t, s]`, pairs in memory: `[1, h, t + s − 1]`. */
export const diagonalSums = defineKernel({
  name: "attention/backward/diagonals",
  source: diagonalsSource,
  inputs: { dscores: "[b, h, t, s]" },
  outputs: { diagonals: "[1, h, n]" },
  axes: ({ t, s }) => ({ n: t + s - 1 }),
  params: ({ b, h, t, s }, _options: object) => ({ b, h, t, s }),
  workgroups: ({ h, t, s }) => [h * (t + s - 1)],
  cost: ({ b, h, t, s }) => ({ flops: b * h * t * s, requestedBytes: 4 * (b * h * t * s + h * (t + s - 1)) }),
});

interface TableOptions extends Pick<ScoreTensor, "future"> {
  readonly part: NonNullable<ScoreTensor["entries"]>;
  readonly entries: number;
  /** The offset of the first diagonal. */
  readonly first: number;
}

const tableGradient = defineKernel({
  name: "attention/backward/table",
  source: tableSource,
  inputs: { diagonals: "[parts, h, diagonals]" },
  outputs: { dtable: "[h, entries]" },
  axes: (_axes, { entries }: TableOptions) => ({ entries }),
  params: ({ parts, h, diagonals, entries }, { first, future }) => ({ parts, h, diagonals, entries, first, future }),
  specialise: (_axes, { part }) => ({ parts: [part] }),
  workgroups: ({ h, entries }) => [h * entries],
  cost: ({ parts, h, diagonals, entries }) => ({
    flops: 2 * parts * h * diagonals,
    requestedBytes: 4 * h * (parts * diagonals + entries), // each diagonal is of one entry
  }),
});

/**
 * The gradients of the score's tensors that are wanted, for t queries and s keys, by their paths; undefined where none
 * are.
 */
export function scoreGradients(
  gpu: Gpu,
  problem: BackwardProblem,
  sizes: Sizes<"t" | "s">,
  sums: ScoreSums,
): AttentionGradients["dscore"] {
  if (problem.scoreTensors.length === 0) return undefined;
  const found = problem.scoreTensors.map(({ path, tensor, entries, element, future, scoreParts }): [string, Tensor] => {
    const after = { ...problem, scoreParts };
    if (element) return [path, reshape(sums.ofElements({ ...after, element, n: tensor.size }), tensor.shape)];
    if (!entries) return [path, sums.ofPairs(after, tensor.shape)];
    const diagonals = sums.alongDiagonals(after);
    const options = { part: entries, future, entries: tensor.shape[1] ?? 1, first: firstOffset(sizes, problem) };
    return [path, reshape(tableGradient(gpu, { diagonals }, options).dtable, tensor.shape)];
  });
  return Object.fromEntries(found);
}

/**
 * The same from sums over tiles, those of a map where there is one, or one pair after the other, no pairs in memory.
 */
export const fusedScores = (
  gpu: Gpu,
  given: Given,
  problem: BackwardProblem,
  tileMap?: Tensor,
): AttentionGradients["dscore"] =>
  scoreGradients(
    gpu,
    problem,
    { t: given.q.shape[2] ?? 0, s: given.k.shape[2] ?? 0 },
    {
      alongDiagonals: (after) => flashDiagonals(gpu, { ...given, tileMap }, mapped(after, tileMap)).diagonals,
      ofPairs: (after, [batches = 1, heads = 1]) => pairsOfBias(gpu, given, { ...after, batches, heads }).dbias,
      ofElements: (after) => sumsOfElements(gpu, given, after),
    },
  );
