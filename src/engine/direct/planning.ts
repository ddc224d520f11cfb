import type { FileSource } from "../../formats/source.ts";
import type { LoadPlan } from "../../generate/load-plan.ts";
import type { PlanLoadOptions } from "../../generate/plan-load.ts";
import { type AllocationError, GpuError } from "../../gpu/errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { mebibytes } from "../../options/bytes.ts";
import type { ModelSource, PlanOptions } from "../engine.ts";
import { holdsEncoder, planOfEncoder } from "./load-encoder.ts";

/** With what reads models, so that a page begins without it. */
const planLoad: typeof import("../../generate/plan-load.ts").planLoad = async (...given) =>
  (await import("../../generate/read-model.ts")).planLoad(...given);

/** Opens where a model comes from. */
type Open = (from: ModelSource) => Promise<FileSource>;

/** The options of a plan, and what it is for. */
interface Planned extends Omit<PlanOptions, "signal"> {
  readonly from: ModelSource;
  readonly signal: AbortSignal | undefined;
}

/**
 * What a model needs of a device with these limits, together with its draft model where it is loaded with one. Throws as
 * `planLoad` and `planEncoder` do.
 */
export async function plan(
  open: Open,
  { from, speculative, ...options }: Planned,
  { limits }: Pick<Gpu, "limits">,
): Promise<LoadPlan> {
  const source = await open(from);
  if (await holdsEncoder(source)) {
    const { dtype, signal } = options;
    return await planOfEncoder(source, { dtype, limits, signal });
  }
  const own = await planLoad(source, { ...options, limits });
  const draft = await planOfDraft(open, speculative, { context: own.context, limits, signal: options.signal });
  return draft ? together(own, draft) : own;
}

/** What the draft model needs that is loaded in this context; undefined where tokens are proposed otherwise. */
async function planOfDraft(
  open: Open,
  speculative: PlanOptions["speculative"],
  given: Pick<PlanLoadOptions, "context" | "limits" | "signal">,
): Promise<LoadPlan | undefined> {
  if (speculative?.kind !== "draft") return undefined;
  const { from, dtype, weights } = speculative;
  return await planLoad(await open(from), { dtype, weights, ...given });
}

/** The plan of a model that is loaded with another one. */
function together(own: LoadPlan, draft: LoadPlan): LoadPlan {
  const sum = (of: "downloadBytes" | "cachedBytes" | "weightBytes" | "cacheBytes" | "temporaryBytes") =>
    own[of] + draft[of];
  const short = `has a context of ${draft.context} tokens, expected at least ${own.context}`;
  const problem = draft.context < own.context ? short : draft.why;
  const why = own.why ?? (problem && `the draft model ${draft.name}: ${problem}`);
  return {
    ...own,
    ...{ downloadBytes: sum("downloadBytes"), cachedBytes: sum("cachedBytes"), weightBytes: sum("weightBytes") },
    ...{ cacheBytes: sum("cacheBytes"), temporaryBytes: sum("temporaryBytes") },
    longestContext: Math.min(own.longestContext, draft.longestContext),
    fits: why === undefined,
    ...(why === undefined ? {} : { why }),
    draft,
  };
}

const totalOf = ({ weightBytes, cacheBytes, temporaryBytes }: LoadPlan): number =>
  weightBytes + cacheBytes + temporaryBytes;

/** Options that make a model smaller, the one that changes its results least first. */
const smaller: readonly PlanOptions[] = [
  {},
  { cache: { dtype: "int8" } },
  { dtype: "f16" },
  { dtype: "f16", cache: { dtype: "int8" } },
  { weights: "q8_0" },
  { weights: "q8_0", cache: { dtype: "int8" } },
  { weights: "q4_k_m", cache: { dtype: "int8" } },
];

/** How the options that are added, and a context, are written in a message. */
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
 * What of this model `memory` bytes have room for: with which options its whole context fits, or else with which ones the
 * longest; undefined where its files cannot be read again.
 */
async function whatFits(
  source: FileSource,
  open: Open,
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
      // This model has no such cache, or its files are out of reach: the load's own error is what counts.
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
 * The error for a load that failed with `error`: where memory ran out, it says how much the model had, and what would fit
 * in that, next to its draft model. `before` is what the device held before, in bytes; `open` opens the draft model.
 */
export async function explainMemory(
  error: AllocationError,
  before: number,
  source: FileSource,
  open: Open,
  request: PlanOptions,
  gpu: Pick<Gpu, "limits">,
): Promise<unknown> {
  const had = Math.max(1, error.held - before);
  const [what] = error.message.split(" (", 1); // then follow the driver's own lines
  const advice = await whatFits(source, open, request, gpu, had);
  return new GpuError(`${what}: this model had ${mebibytes(had)} until then${advice ? `; ${advice}` : ""}`, {
    cause: error,
  });
}
