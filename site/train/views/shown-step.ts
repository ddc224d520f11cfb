import { shownStep } from "../state.ts";
import type { Attention, History, Look } from "../worker/history.ts";

/** The look that is shown: at the step that is chosen, or the last one. */
export function lookAt({ looks }: History): Look | undefined {
  const at = shownStep.value;
  return at === undefined ? looks.at(-1) : (looks.findLast(({ step }) => step <= at) ?? looks[0]);
}

/** The attention that is shown, one of each part of the model: of fewer steps than there are looks. */
export function attentionAt({ attention }: History): readonly Attention[] {
  const at = shownStep.value;
  const last = at === undefined ? attention.at(-1) : (attention.findLast(({ step }) => step <= at) ?? attention[0]);
  return attention.filter(({ step }) => step === last?.step);
}
