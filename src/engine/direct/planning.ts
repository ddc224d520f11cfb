import type { FileSource } from "../../formats/source.ts";
import type { LoadPlan, PlanLoadOptions } from "../../generate/load/plan-load.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { modelKind } from "../../models/model-kind.ts";
import type { ModelSource, PlanOptions } from "../engine.ts";
import { encoderSupport } from "./encoders.ts";

/** Loaded with the code that reads models, so that a page starts without it. */
export const planLoad: typeof import("../../generate/load/plan-load.ts").planLoad = async (...given) =>
  (await import("../../generate/load/read-model.ts")).planLoad(...given);

/** Opens a model's source. */
type Open = (from: ModelSource) => Promise<FileSource>;

/** Functions that plan a model and its draft model, and open the latter. */
export interface Planning {
  readonly planLoad: typeof planLoad;
  readonly planOfDraft: typeof planOfDraft;
  readonly open: Open;
}

/** The options of a plan, and its source. */
interface Planned extends Omit<PlanOptions, "signal"> {
  readonly from: ModelSource;
  readonly signal: AbortSignal | undefined;
}

/**
 * What a model needs on a device with these limits, together with its draft model if it has one. Throws as `planLoad`
 * and `planEncoder` do.
 */
export async function plan(
  open: Open,
  { from, speculative, ...options }: Planned,
  { limits }: Pick<Gpu, "limits">,
): Promise<LoadPlan> {
  const source = await open(from);
  const { kind } = await modelKind(source);
  if (kind !== "decoder") {
    const support = await encoderSupport(`${source.name} is an ${kind}`);
    return await support.plan(source, kind, { ...options, speculative, limits });
  }
  const own = await planLoad(source, { ...options, limits });
  const draft = await planOfDraft(open, speculative, { context: own.context, limits, signal: options.signal });
  return draft ? together(own, draft) : own;
}

/** What the draft model needs with this context; undefined without a draft model. */
export async function planOfDraft(
  open: Open,
  speculative: PlanOptions["speculative"],
  given: Pick<PlanLoadOptions, "context" | "limits" | "signal">,
): Promise<LoadPlan | undefined> {
  if (speculative?.kind !== "draft") return undefined;
  const { from, dtype, weights } = speculative;
  return await planLoad(await open(from), { dtype, weights, ...given });
}

/** The plan of a model together with its draft model. */
function together(own: LoadPlan, draft: LoadPlan): LoadPlan {
  const sum = (of: "downloadBytes" | "cachedBytes" | "weightBytes" | "cacheBytes" | "temporaryBytes") =>
    own[of] + draft[of];
  const short = `has a context of ${draft.context} tokens, expected at least ${own.context}`;
  const problem = draft.context < own.context ? short : draft.why;
  const why = own.why ?? (problem && `the draft model ${draft.name}: ${problem}`);
  return {
    ...own,
    downloadBytes: sum("downloadBytes"),
    cachedBytes: sum("cachedBytes"),
    weightBytes: sum("weightBytes"),
    cacheBytes: sum("cacheBytes"),
    temporaryBytes: sum("temporaryBytes"),
    longestContext: Math.min(own.longestContext, draft.longestContext),
    fits: why === undefined,
    ...(why === undefined ? {} : { why }),
    draft,
  };
}
