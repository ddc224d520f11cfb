import { shownStep } from "../state.ts";
import type { Attention, History, Look } from "../worker/history.ts";

/** The shown evaluation: at the chosen step, or the last one. */
export function lookAt({ looks }: History): Look | undefined {
  const at = shownStep.value;
  return at === undefined ? looks.at(-1) : (looks.findLast(({ step }) => step <= at) ?? looks[0]);
}

/** The shown attention, one per part of the model: recorded at fewer steps than evaluations. */
export function attentionAt({ attention }: History): readonly Attention[] {
  const at = shownStep.value;
  const last = at === undefined ? attention.at(-1) : (attention.findLast(({ step }) => step <= at) ?? attention[0]);
  return attention.filter(({ step }) => step === last?.step);
}
