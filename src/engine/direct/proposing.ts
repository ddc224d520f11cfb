import type { FileSource } from "../../formats/source.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import { loadModel, type ModelOptions } from "../../generate/load/load-model.ts";
import type { GenerationOptions } from "../../generate/options.ts";
import { checkDraftModel } from "../../generate/speculative/check.ts";
import type { Speculative } from "../../generate/speculative/options.ts";
import type { GenerateRequest } from "../generate-request.ts";
import { RequestError } from "../request-error.ts";
import type { LoadedEntry, LoadRequest } from "./loaded.ts";
import type { Report } from "./progress.ts";

/** Options of a generation, with proposals as in a request. */
export interface RunOptions extends Omit<GenerationOptions, "speculative"> {
  readonly speculative?: GenerateRequest["speculative"];
}

/** How tokens are proposed: as requested, else as set at the load of the model, for an adapter of its base. */
export function proposing(
  { id, draft, lent, request }: Pick<LoadedEntry, "id" | "draft" | "lent" | "request">,
  asked: GenerateRequest["speculative"],
): Speculative | undefined {
  const how = asked ?? request.speculative ?? lent;
  if (how === undefined || how === "none" || how.kind === "prompt-lookup") return how === "none" ? undefined : how;
  const model = draft ?? lent?.model;
  if (!model) {
    const problem = `speculative.kind is "draft", and ${id} was loaded without a draft model`;
    throw new RequestError(`generate: ${problem}: load it with speculative: { kind: "draft", from }`, {
      param: "speculative",
      code: "invalid_value",
    });
  }
  const usual = request.speculative?.kind === "draft" ? request.speculative.tokens : lent?.tokens;
  return { kind: "draft", model, tokens: how.tokens ?? usual };
}

/** Opens a model's source. */
type Open = (from: LoadRequest["from"], report: Report) => Promise<FileSource>;

/**
 * Loads the draft model of a request, if any, on the device of `model` and with its context. Throws as `loadModel`
 * does, and `OptionError` for one with different tokens; nothing stays allocated then.
 */
export async function loadDraftOf(
  { speculative }: LoadRequest,
  model: LanguageModel,
  open: Open,
  report: Report,
  given: Pick<ModelOptions, "signal" | "onWarning">,
): Promise<LanguageModel | undefined> {
  if (speculative?.kind !== "draft") return undefined;
  const { from, dtype, weights } = speculative;
  const { gpu, context } = model;
  const draft = await loadModel(gpu, await open(from, report), {
    ...given,
    context,
    dtype,
    weights,
    onProgress: report,
  });
  try {
    checkDraftModel(model, draft, "load: speculative.from");
    return draft;
  } catch (error) {
    draft.dispose();
    throw error;
  }
}

/** Two successive loads; the second's figures are added to the first's. */
export function inTurn(report: Report): { readonly first: Report; readonly second: Report } {
  const totals = new Map<string, number>();
  return {
    first(progress) {
      const { phase, total } = progress;
      totals.set(phase, Math.max(total, totals.get(phase) ?? 0));
      report(progress);
    },
    second(progress) {
      const before = totals.get(progress.phase) ?? 0;
      report({ ...progress, done: before + progress.done, total: before + progress.total });
    },
  };
}
