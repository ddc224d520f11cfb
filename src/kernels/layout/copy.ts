import source from "#shaders/layout/copy.wgsl";
import vectorSource from "#shaders/layout/copy-vectors.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { type DType, perWord, plainType, plainTypes } from "../../tensor/formats/formats.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel } from "../define/kernel.ts";
import { checkWalk, type Walk, walker, walkOver, walksBy } from "./walk.ts";

/** Where a view is copied to, in elements of the target: runs of `run` elements, `pitch` apart. */
interface Target {
  readonly y: Tensor;
  readonly begin: number;
  readonly run: number;
  readonly pitch: number;
}

interface CopyOptions {
  readonly walk: Walk;
  readonly begin: number;
  readonly run: number;
  readonly pitch: number;
}

const packed = (dtype: DType = "f32") => perWord(plainType(dtype, "copy"));

/** Maximum number of words that a run touches, wherever it begins. */
const wordsOf = (run: number, perWord: number) => (perWord === 1 ? run : Math.floor(run / 2) + 1);

const copied = {
  inputs: { x: "[...n]" },
  inout: { y: "[...y]" },
  accepts: { x: plainTypes, y: plainTypes }, // elements are copied as bits
  strided: ["x"],
} as const;

const byWords = defineKernel({
  ...copied,
  name: "layout/copy",
  source,
  params: ({ n }, { walk, begin, run, pitch }: CopyOptions, context) => {
    const { n: _, ...fields } = walker(walk, context, { single: true }).params;
    return { rows: n / run, run, pitch, begin, words: wordsOf(run, packed(context.dtypes["x"])), ...fields };
  },
  specialise: (_, { walk }, context) => ({
    parts: walker(walk, context, { single: true }).parts,
    constants: { PACKED: packed(context.dtypes["x"]) },
  }),
  threads: ({ n }, { run }, { dtypes }) => (n / run) * wordsOf(run, packed(dtypes["x"])),
  cost: ({ n }, _, { dtypes }) => {
    const bytes = (4 * n) / packed(dtypes["x"]);
    return { flops: 0, compulsoryBytes: 2 * bytes, requestedBytes: 8 * n };
  },
});

/** Elements of four words. */
const inVector = (dtype: DType = "f32") => 4 * packed(dtype);

const byVectors = defineKernel({
  ...copied,
  name: "layout/copy-vectors",
  source: vectorSource,
  params: (_, { walk, begin, run, pitch }: CopyOptions, context) => {
    const most = inVector(context.dtypes["x"]);
    return { ...walker(walk, context, { most }).params, run: run / most, pitch: pitch / most, begin: begin / most };
  },
  specialise: (_, { walk }, context) => {
    const [walked] = walker(walk, context, { most: inVector(context.dtypes["x"]) }).parts;
    return { parts: walked ? [walked] : [] };
  },
  threads: ({ n }, _, { dtypes }) => n / inVector(dtypes["x"]),
  cost: ({ n }, _, { dtypes }) => {
    const bytes = (8 * n) / packed(dtypes["x"]);
    return { flops: 0, compulsoryBytes: bytes, requestedBytes: bytes };
  },
});

/**
 * Copies `x`, a view that is walked along at most four axes, into `y`, whose other elements stay the same; in vectors
 * of four words where runs and neighbours are whole ones.
 */
export function copyTo(what: string, gpu: Gpu, x: Tensor, { y, begin, run, pitch }: Target): void {
  if (x.size === 0) return;
  const walk = walkOver(x.shape, { x });
  checkWalk(what, walk);
  // Adjacent runs are joined: two that share a word would be written by two threads.
  const options = { walk, begin, run: pitch === run ? x.size : run, pitch };
  const width = inVector(x.dtype);
  const isByVectors = walksBy(walk, [x.offset, begin, options.run, pitch], width);
  (isByVectors ? byVectors : byWords)(gpu, { x, y }, options);
}
