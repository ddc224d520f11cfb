import { shownStep } from "../state.ts";
import type { Attention, History, Look } from "../worker/history.ts";

/** The look that is shown: at the step that is chosen, or the last one. */
export function lookAt({ looks }: History): Look | undefined {
  const at = shownStep.value;
  return at === undefined ? looks.at(-1) : (looks.findLast(({ step }) => step <= at) ?? looks[0]);
}

/** The attention that is shown: of fewer steps than there are looks. */
export function attentionAt({ attention }: History): Attention | undefined {
  const at = shownStep.value;
  return at === undefined ? attention.at(-1) : (attention.findLast(({ step }) => step <= at) ?? attention[0]);
}
