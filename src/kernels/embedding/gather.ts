import source from "#shaders/embedding/gather.wgsl";
import idsPosition from "#shaders/embedding/ids/position.wgsl";
import idsStep from "#shaders/embedding/ids/step.wgsl";
import idsGiven from "#shaders/embedding/ids/tensor.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf, type Shader } from "../../gpu/shader/specialise.ts";
import { fieldsOf, finite, integer, required } from "../../options/checks.ts";
import { bytesOf } from "../../tensor/formats/formats.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into, type KernelContext } from "../define/kernel.ts";
import { weightPart, weightTypes } from "../formats/formats.ts";
import { maxBatch } from "../step.ts";

type Axes = Readonly<Record<"t" | "c" | "v", number>>;

/** The common part of both ways of passing ids. The table has the name that it has in `lib/weight`. */
const shared = {
  name: "embedding/gather",
  source,
  outputs: { y: "[t, c]" },
  segmented: { input: "weight", axis: "v" },
  params: (
    { t, c }: Axes,
    { tokens = 1, scale = 1 }: { readonly tokens?: number; readonly scale?: number | undefined },
    { segment }: KernelContext,
  ) => ({
    t,
    c,
    begin: segment.begin,
    end: segment.end,
    v: segment.total,
    tokens,
    scale,
  }),
  workgroups: ({ t, c }: Axes, _options: object, _context: KernelContext, shader: Shader): [number] => [
    t * Math.ceil(c / constantsOf(shader, "WORKGROUP").WORKGROUP),
  ],
  cost: ({ t, c, v }: Axes, _options: object, { dtypes, gpu }: KernelContext) => {
    const dtype = dtypes["weight"];
    const { one } = weightPart(dtype, gpu);
    const read = Math.min(t, v); // rows of the table: as many as there are ids, and each of them once
    return {
      flops: t * c,
      compulsoryBytes: 4 * t + bytesOf(dtype ?? "f32", [read, c]) + 4 * t * c,
      requestedBytes: t * c * (4 + one + 4),
    };
  },
} as const;

const gatherGiven = defineKernel({
  ...shared,
  inputs: { ids: "[t]", weight: "[v, c]" },
  accepts: { ids: ["u32"], weight: weightTypes },
  specialise: (_axes, _options, { dtypes, gpu }) => ({
    parts: [weightPart(dtypes["weight"], gpu).part, idsGiven],
  }),
});

const gatherSampled = defineKernel({
  ...shared,
  inputs: { step: "[64, 4]", weight: "[v, c]" },
  accepts: { step: ["u32"], weight: weightTypes },
  axes: (
    _axes,
    { rows }: { readonly rows: number; readonly tokens?: number; readonly scale?: number | undefined },
  ) => ({
    t: rows,
  }),
  specialise: (_axes, _options, { dtypes, gpu }) => ({
    parts: [weightPart(dtypes["weight"], gpu).part, idsStep],
  }),
});

const gatherPlaces = defineKernel({
  ...shared,
  inputs: { step: "[64, 4]", weight: "[v, c]" },
  accepts: { step: ["u32"], weight: weightTypes },
  axes: (_axes, { rows, tokens }: { readonly rows: number; readonly tokens: number }) => ({ t: rows * tokens }),
  specialise: (_axes, _options, { dtypes, gpu }) => ({
    parts: [weightPart(dtypes["weight"], gpu).part, idsPosition],
  }),
});

const given = tensorFields("ids", "table");
const sampled = tensorFields("step", "table");
const ofGiven = fieldsOf({ scale: finite, into: intoOf("y") });
const ofStep = fieldsOf({ rows: required(integer(0, maxBatch)), scale: finite, into: intoOf("y") });

/** Options of the embeddings of tokens. */
interface Scaled {
  /** Factor of the rows; default 1. */
  readonly scale?: number | undefined;
}

/**
 * Embedding: rows of the table by token id. ids `[t]` u32, table `[v, c]` (any of `weightTypes`, in any number of
 * segments) → y `[t, c]`, times `scale`. An id outside of the table gives a row of NaN.
 */
export function gather(
  gpu: Gpu,
  tensors: { readonly ids: Tensor; readonly table: Tensor },
  options: Scaled & Into<{ readonly y: Tensor }> = {},
): { readonly y: Tensor } {
  checkCall("gather", given, tensors, ofGiven, options);
  const { ids, table } = tensors;
  checkTable(table);
  const heading = { op: "embedding/gather", variant: "embedding/gather", options: { ...options }, tensors };
  return gpu.group({ ...heading, by: gather }, () => gatherGiven(gpu, { ids, weight: table }, options));
}

/**
 * Embedding of a decode step: of the last sampled token of each of the first `rows` rows of the step. step `[64, 4]`
 * u32 (`lib/step`), table `[v, c]` → y `[rows, c]`, times `scale`.
 */
export function gatherStep(
  gpu: Gpu,
  tensors: { readonly step: Tensor; readonly table: Tensor },
  options: { readonly rows: number } & Scaled & Into<{ readonly y: Tensor }>,
): { readonly y: Tensor } {
  checkCall("gatherStep", sampled, tensors, ofStep, options);
  const { step, table } = tensors;
  checkTable(table);
  return gatherSampled(gpu, { step, weight: table }, options);
}

/**
 * Learned positions: rows of the table at the positions of the `tokens` tokens of each of `rows` batch rows, from the
 * step. step `[64, 4]` u32, table `[positions, c]` → y `[rows · tokens, c]`.
 */
export function gatherPositions(
  gpu: Gpu,
  { step, table }: { readonly step: Tensor; readonly table: Tensor },
  options: { readonly rows: number; readonly tokens: number } & Into<{ readonly y: Tensor }>,
): { readonly y: Tensor } {
  checkTable(table);
  return gatherPlaces(gpu, { step, weight: table }, options);
}

/** Checks the table, so that errors call it by the caller's name. */
function checkTable(table: Tensor): void {
  if (table.shape.length === 2 && weightTypes.some((type) => type === table.dtype)) return;
  throw new ShapeError(
    `embedding/gather: table is ${table.dtype} ${formatShape(table.shape)}, expected ${weightTypes.join(", ")} [v, c]`,
  );
}
