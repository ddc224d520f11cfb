// A variant against the float64 reference, on a small case of its op's own that resembles a call.

import type { Case, CaseTable } from "../check/case-table.ts";
import { appendRotatedCases } from "../check/cases/attention/append-rotated.ts";
import { attentionCases } from "../check/cases/attention/attention.ts";
import { ropeCases } from "../check/cases/attention/rope.ts";
import { expertsCases } from "../check/cases/moe/experts.ts";
import { matmulCases } from "../check/cases/products/matmul.ts";
import { projectionCases } from "../check/cases/products/projection.ts";
import { addLayerNormCases, layerNormCases } from "../check/cases/rows/layer-norm.ts";
import { reduceCases } from "../check/cases/rows/reduce.ts";
import { addRmsNormCases, rmsNormCases } from "../check/cases/rows/rms-norm.ts";
import { softmaxCases } from "../check/cases/rows/softmax.ts";
import { checkCase } from "../check/check-case.ts";
import { nmseCaps } from "../check/compare.ts";
import { mustRefuse } from "../check/run-case.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { OpCall } from "../kernels/define/preference.ts";
import { ShapeError } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** The tables of ops that have several variants. */
const tables: readonly CaseTable[] = [
  matmulCases,
  projectionCases,
  attentionCases,
  expertsCases,
  rmsNormCases,
  addRmsNormCases,
  layerNormCases,
  addLayerNormCases,
  softmaxCases,
  ropeCases,
  ...appendRotatedCases,
  ...reduceCases,
] as readonly CaseTable[];

/** Maximum number of elements of a case's input, so that the reference takes milliseconds. */
const maxElements = 8192;

const results = new WeakMap<Gpu, Map<string, Promise<Verdict>>>();

/** Tables of the op: some have one for each set of inputs, named after the op and what is special in it. */
const tablesOf = ({ op, tensors }: OpCall): CaseTable[] =>
  tables.filter(
    (table) =>
      table.op === op.opName ||
      (table.op.startsWith(`${op.opName} `) && "residual" in tensors) ||
      table.op.startsWith(`${op.opName},`),
  );

/** The cap on the normalised mean squared error of two results of a call, each of which may have the op's own. */
export const capOf = (call: OpCall): number =>
  4 * Math.max(nmseCaps.f32, ...tablesOf(call).map(({ cap }) => cap ?? nmseCaps.f32));

/** Names and types of tensors. */
function typesOf(tensors: object): Map<string, string> {
  return new Map(Object.entries(tensors).flatMap(([name, value]) => (value ? [[name, value.dtype ?? "f32"]] : [])));
}

/**
 * Why a variant is wrong on a case like the call; undefined where it is right, or the op has no case that it accepts.
 */
export async function wrongOnSmall(gpu: Gpu, call: OpCall, variant: string): Promise<string | undefined> {
  const wanted = typesOf(
    Object.fromEntries(Object.entries(call.tensors).filter(([, value]) => value instanceof Tensor)),
  );
  const likeness = (item: Case) => {
    const given = typesOf(item.inputs);
    return [...given].filter(([name, type]) => wanted.get(name) === type).length - Math.abs(given.size - wanted.size);
  };
  const possible = tablesOf(call).flatMap((table) =>
    table.cases
      .filter((item) => table.variants.includes(variant) && !mustRefuse(gpu, table, variant, item) && isSmall(item))
      .map((item) => ({ table, item, likeness: likeness(item) })),
  );
  const byLikeness = possible.sort((a, b) => b.likeness - a.likeness).slice(0, maxTried);
  const known = results.get(gpu) ?? new Map<string, Promise<Verdict>>();
  results.set(gpu, known);
  for (const { table, item } of byLikeness) {
    const name = [table.op, variant, item.name].join(" | ");
    const result = known.get(name) ?? verdictOf(gpu, table, variant, item);
    known.set(name, result);
    const { refused, wrong } = await result;
    if (!refused) return wrong;
  }
  return undefined;
}

/** Whether a variant refuses a case, or what is wrong with its result. */
interface Verdict {
  readonly refused: boolean;
  readonly wrong?: string;
}

/** Cases that are tried until the variant accepts one. */
const maxTried = 24;

async function verdictOf(gpu: Gpu, table: CaseTable, variant: string, item: Case): Promise<Verdict> {
  try {
    await checkCase(gpu, table, variant, item);
    return { refused: false };
  } catch (error) {
    gpu.assertUsable();
    if (error instanceof ShapeError) return { refused: true };
    return { refused: false, wrong: error instanceof Error ? error.message : String(error) };
  }
}

const isSmall = ({ inputs }: Case): boolean =>
  Object.values<{ readonly shape: readonly number[] } | undefined>(inputs).every(
    (input) => !input || input.shape.reduce((product, size) => product * size, 1) <= maxElements,
  );
