// Why a load ran out of memory, and what would fit: loaded when that happens.
import type { FileSource } from "../../formats/source.ts";
import type { LoadPlan } from "../../generate/load/plan-load.ts";
import { type AllocationError, GpuError } from "../../gpu/errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { mebibytes } from "../../options/bytes.ts";
import type { PlanOptions } from "../engine.ts";
import type { Planning } from "./planning.ts";

const totalOf = ({ weightBytes, cacheBytes, temporaryBytes }: LoadPlan): number =>
  weightBytes + cacheBytes + temporaryBytes;

/** Options that make a model smaller, those that change its results least first. */
const smaller: readonly PlanOptions[] = [
  {},
  { cache: { dtype: "int8" } },
  { dtype: "f16" },
  { dtype: "f16", cache: { dtype: "int8" } },
  { weights: "q8_0" },
  { weights: "q8_0", cache: { dtype: "int8" } },
  { weights: "q4_k_m", cache: { dtype: "int8" } },
];

/** Added options and a context, as text for a message. */
function said({ dtype, weights, cache }: PlanOptions, context: number | undefined): string {
  const parts = [
    ...(context === undefined ? [] : [`context: ${context}`]),
    ...(dtype === undefined ? [] : [`dtype: "${dtype}"`]),
    ...(weights === undefined ? [] : [`weights: "${weights}"`]),
    ...(cache === undefined ? [] : [`cache: { dtype: "${cache.dtype}" }`]),
  ];
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : (parts[0] ?? "");
}

/**
 * How this model fits in `memory` bytes: the options with which its whole context fits, or else those with the longest
 * context; undefined if its files cannot be read again.
 */
async function whatFits(
  source: FileSource,
  { planLoad, planOfDraft, open }: Planning,
  { context, cache, dtype, weights, speculative }: PlanOptions,
  { limits }: Pick<Gpu, "limits">,
  had: number,
): Promise<string | undefined> {
  const draft = await planOfDraft(open, speculative, { context, limits }).catch(() => undefined); // out of reach
  const memory = Math.max(1, had - (draft ? totalOf(draft) : 0));
  const plans: { readonly added: PlanOptions; readonly plan: LoadPlan }[] = [];
  for (const added of smaller) {
    const types = added.weights || added.dtype ? {} : { dtype, weights };
    const options = { context, ...types, ...added, cache: { ...cache, ...added.cache } };
    try {
      plans.push({ added, plan: await planLoad(source, { ...options, limits, memory }) });
    } catch {
      // This model has no such cache, or its files cannot be reached: the load's own error counts.
    }
  }
  const longest = Math.max(0, ...plans.map(({ plan }) => plan.longestContext));
  const whole = plans.find(({ added, plan }) => plan.fits && Object.keys(added).length > 0);
  if (whole) return `it fits with ${said(whole.added, undefined)}`;
  const part = plans.find(({ plan }) => plan.longestContext === longest);
  if (!part) return undefined;
  if (longest > 0) return `it fits with ${said(part.added, longest)}`;
  const least = Math.min(...plans.map(({ plan }) => plan.weightBytes));
  return `its weights take at least ${mebibytes(least)}, so that it needs a model with fewer`;
}

/**
 * The error for a load that failed with `error`: if memory ran out, it states how much the model had allocated, and
 * what would fit in that, in addition to its draft model. `before` is the device's memory in use before, in bytes.
 */
export async function explainMemory(
  error: AllocationError,
  before: number,
  source: FileSource,
  planning: Planning,
  request: PlanOptions,
  gpu: Pick<Gpu, "limits">,
): Promise<unknown> {
  const had = Math.max(1, error.held - before);
  const [what] = error.message.split(" (", 1); // followed by the driver's own lines
  const advice = await whatFits(source, planning, request, gpu, had);
  return new GpuError(`${what}: this model had ${mebibytes(had)} until then${advice ? `; ${advice}` : ""}`, {
    cause: error,
  });
}
