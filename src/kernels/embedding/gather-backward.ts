import joinSource from "#shaders/embedding/backward/join.wgsl";
import naiveSource from "#shaders/embedding/backward/naive.wgsl";
import piecesSource from "#shaders/embedding/backward/pieces.wgsl";
import segmentSource from "#shaders/embedding/backward/segment.wgsl";
import countSource from "#shaders/embedding/sort/count.wgsl";
import digitSource from "#shaders/embedding/sort/digit.wgsl";
import orderGiven from "#shaders/embedding/sort/order/tensor.wgsl";
import placeSource from "#shaders/embedding/sort/place.wgsl";
import scanSource from "#shaders/embedding/sort/scan.wgsl";
import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { boolean, fieldsOf, finite, required, size } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { empty, Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { checkInto } from "../define/bindings.ts";
import { defineKernel, type Into, type KernelContext } from "../define/kernel.ts";
import { defineOp, type Variant } from "../define/op.ts";
import { AxisSizes } from "../define/shapes.ts";
import { fill } from "../elementwise/fill.ts";

/** Token ids u32 `[t]` and the gradients of their rows f32 `[t, c]`. */
export interface GatherGradientTensors {
  readonly ids: Tensor;
  readonly dy: Tensor;
}

export interface GatherGradientOptions {
  /** Rows of the table, v. */
  readonly rows: number;
  /** Factor of the rows, as in `gather`; default 1. */
  readonly scale?: number | undefined;
  /** True to add to what `into.dtable` holds; default false. */
  readonly accumulate?: boolean | undefined;
}

/** The gradient of the table `[v, c]`. */
export interface GatherGradient {
  readonly dtable: Tensor;
}

type Options = GatherGradientOptions & Into<GatherGradient>;
type Sizes = Readonly<Record<"t" | "c" | "v", number>>;

const segmented = { input: "dtable", axis: "v" } as const;

const naiveKernel = defineKernel({
  name: "embedding/backward/naive",
  source: naiveSource,
  inputs: { ids: "[t]", dy: "[t, c]" },
  outputs: { dtable: "[v, c]" },
  accepts: { ids: ["u32"] },
  segmented,
  axes: (_, { rows }: Options) => ({ v: rows }),
  params: ({ t, c }, { scale = 1, accumulate = false }, { segment }) => ({
    t,
    c,
    scale,
    accumulate: Number(accumulate),
    ...rowsOf(segment),
  }),
  threads: ({ v, c }) => v * c,
  // As if every token's id were one of the segment's.
  cost: ({ t, c, v }) => ({ flops: t * c, requestedBytes: 4 * (v * c * t + t * c + 2 * v * c) }),
});

/** Rows of a table in one piece have no segment before the table is made. */
const rowsOf = ({ begin, end }: KernelContext["segment"]) => ({ begin, end });

/** Bits of ids that a pass sorts by, and tokens of a chunk. */
const { BINS, CHUNK } = constantsOf(digitSource, "BINS", "CHUNK");
const { PIECE } = constantsOf(segmentSource, "PIECE");
const digitBits = Math.log2(BINS);

interface Pass {
  readonly v: number;
  readonly shift: number;
}

const chunksOf = (t: number) => Math.ceil(t / CHUNK);

const sortPass = {
  accepts: { ids: ["u32"], order: ["u32"], chunk_counts: ["u32"] },
  params: ({ t }: Readonly<Record<"t", number>>, { v, shift }: Pass) => ({ t, v, shift }),
  specialise: (_: object, { shift }: Pass) => ({ parts: shift === 0 ? [] : [orderGiven] }),
  workgroups: ({ t }: Readonly<Record<"t", number>>): [number] => [chunksOf(t)],
} as const;

const countKernel = defineKernel({
  ...sortPass,
  name: "embedding/sort/count",
  source: countSource,
  inputs: { ids: "[t]", "order?": "[t]" },
  outputs: { chunk_counts: "[chunks, bins]" },
  dtypes: () => ({ chunk_counts: "u32" }),
  axes: ({ t }) => ({ chunks: chunksOf(t), bins: BINS }),
  cost: ({ t }, { shift }) => ({
    flops: 0,
    requestedBytes: 4 * ((shift === 0 ? 1 : 2) * t + BINS * chunksOf(t)),
  }),
});

const scanKernel = defineKernel({
  name: "embedding/sort/scan",
  source: scanSource,
  inputs: {},
  inout: { chunk_counts: "[chunks, bins]" },
  accepts: { chunk_counts: ["u32"] },
  params: ({ chunks }) => ({ chunks }),
  specialise: () => ({ constants: { BINS } }),
  workgroups: () => [1, 1],
  cost: ({ chunks, bins }) => ({ flops: 0, requestedBytes: 12 * chunks * bins }),
});

const placeKernel = defineKernel({
  ...sortPass,
  name: "embedding/sort/place",
  source: placeSource,
  inputs: { ids: "[t]", "order?": "[t]", chunk_counts: "[chunks, bins]" },
  outputs: { sorted: "[t]" },
  dtypes: () => ({ sorted: "u32" }),
  cost: ({ t }, { shift }) => ({ flops: 0, requestedBytes: 4 * t * (shift === 0 ? 3 : 5) }),
});

interface Sums {
  readonly scale?: number | undefined;
}

const summed = {
  accepts: { ids: ["u32"], order: ["u32"] },
  segmented,
  params: ({ t, c }: Sizes, { scale = 1 }: Sums, { segment }: KernelContext) => ({
    t,
    width: c % 4 === 0 ? c / 4 : c,
    scale,
    v: segment.total,
    ...rowsOf(segment),
  }),
  specialise: ({ c }: Sizes) => ({ parts: [c % 4 === 0 ? vectorFour : vectorOne] }),
  threads: ({ t, c }: Sizes) => Math.ceil(t / PIECE) * (c % 4 === 0 ? c / 4 : c),
} as const;

const piecesKernel = defineKernel({
  ...summed,
  name: "embedding/backward/pieces",
  source: piecesSource,
  inputs: { ids: "[t]", order: "[t]", dy: "[t, c]" },
  inout: { dtable: "[v, c]" },
  outputs: { parts: "[pieces, two, c]" },
  axes: ({ t }) => ({ pieces: Math.ceil(t / PIECE), two: 2 }),
  cost: ({ t, c, v }) => ({ flops: t * c, requestedBytes: 4 * (t * c + 2 * Math.min(t, v) * c) }),
});

const joinKernel = defineKernel({
  ...summed,
  name: "embedding/backward/join",
  source: joinSource,
  inputs: { ids: "[t]", order: "[t]", parts: "[pieces, two, c]" },
  inout: { dtable: "[v, c]" },
  // As if every piece began a run that goes on into the next.
  cost: ({ pieces, c }) => ({ flops: 2 * pieces * c, requestedBytes: 16 * pieces * c }),
});

type GradientVariant = Variant<GatherGradientTensors, Options, GatherGradient>;

/** One thread per element of the table, which checks every token. */
const naive: GradientVariant = { record: naiveKernel };

/** Tokens sorted by id, runs of one id added up in two stages. */
const sorted: GradientVariant = {
  workspace: ({ ids, dy }) => {
    const pieces = Math.ceil(ids.size / PIECE);
    return 8 * ids.size + 4 * BINS * chunksOf(ids.size) + 8 * pieces * (dy.shape[1] ?? 0);
  },
  record: (gpu, { ids, dy }, { rows, scale, accumulate = false, into }) => {
    using scope = gpu.scope();
    const sizes = new AxisSizes("gatherBackward");
    sizes.match("ids", "[t]", ids.shape);
    sizes.match("dy", "[t, c]", dy.shape);
    const shape = [rows, ...dy.shape.slice(1)];
    const accepts = { types: ["f32"], strided: false, segmented: true } as const;
    if (into?.dtable) checkInto(gpu, "gatherBackward: into.dtable", into.dtable, shape, accepts);
    const dtable = into?.dtable ?? empty(gpu, shape, "f32", "gatherBackward dtable");
    scope.keep(dtable);
    if (!accumulate) fillWithZeros(gpu, dtable);
    if (ids.size === 0 || dtable.size === 0) return { dtable };
    const order = sortedById(gpu, ids, rows);
    const { parts } = piecesKernel(gpu, { ids, order, dy, dtable }, { scale });
    joinKernel(gpu, { ids, order, parts, dtable }, { scale });
    return { dtable };
  },
};

/** The tokens in the order of their ids, those of one id in their own; ids outside of the table come last. */
function sortedById(gpu: Gpu, ids: Tensor, v: number): Tensor {
  let order: Tensor | undefined;
  for (let shift = 0; shift === 0 || v >= 2 ** shift; shift += digitBits) {
    const tensors = { ids, ...(order ? { order } : {}) };
    const { chunk_counts } = countKernel(gpu, tensors, { v, shift });
    scanKernel(gpu, { chunk_counts });
    order = placeKernel(gpu, { ...tensors, chunk_counts }, { v, shift }).sorted;
  }
  return order as Tensor;
}

/** Zeros everywhere, segment by segment. */
function fillWithZeros(gpu: Gpu, { shape, dtype, segments, strides, offset }: Tensor): void {
  for (const { storage, begin, end } of segments) {
    const own = segments.length === 1 ? shape : shape.with(0, end - begin);
    const y = new Tensor(gpu, own, dtype, [{ storage, begin: 0, end: own[0] ?? 0 }], strides, offset);
    fill(gpu, own, 0, "f32", { into: { y } });
  }
}

const variants = { naive, sorted } as const;

/** The number of ids checked above which sorting is faster. */
const manyLooks = 1_000_000;

/**
 * The gradient of an embedding: `dtable[v] = scale · Σ dy[t]` over the tokens t whose id is v; rows without tokens are
 * 0. ids u32 `[t]`, dy f32 `[t, c]` → dtable f32 `[v, c]`, with `accumulate` what `into.dtable` holds, plus that. Ids
 * outside of the table have no row. Sums are taken in an order that only the ids decide, so that a result has the same
 * bits every time. Throws `OptionError` for `accumulate` without `into`, `ShapeError` for shapes that do not fit.
 */
export const gatherBackward = defineOp<GatherGradientTensors, Options, GatherGradient, typeof variants>(
  {
    name: "gatherBackward",
    variants,
    order: ({ ids, dy }, { rows }) => (rows * ids.size * (dy.shape[1] ?? 0) <= manyLooks ? ["naive"] : ["sorted"]),
    prepare: ({ accumulate, into }) => {
      if (accumulate && !into?.dtable) {
        throw new OptionError("gatherBackward: accumulate without into.dtable, which it adds to");
      }
    },
  },
  {
    tensors: tensorFields("ids", "dy"),
    options: fieldsOf<Options>({ rows: required(size), scale: finite, accumulate: boolean, into: intoOf("dtable") }),
  },
);
