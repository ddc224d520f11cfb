import { effect, signal } from "@preact/signals";
import type { LoadPlan } from "../../../src/generate/load/plan-load.ts";
import { cacheFormat, choice, context, problems, recipe } from "../state.ts";
import { engineFor, generationOfEngine, NoDevice } from "../worker/client.ts";
import { problemOf, sourceOf } from "./choice.ts";
import { endings, hub } from "./load.ts";

/** What is known about the chosen model before it is loaded. */
export type PlanState =
  | { readonly kind: "none" }
  | { readonly kind: "asking" }
  | { readonly kind: "known"; readonly plan: LoadPlan }
  | { readonly kind: "failed"; readonly error: unknown };

export const plan = signal<PlanState>({ kind: "none" });
/** Counts the reader's requests to retry. */
export const lookAgain = signal(0);

/** Milliseconds after the last key before a name is looked up. */
const idle = 500;

/** Keeps the plan up to date with the choice; it only reads file headers. */
export function followChoice(): void {
  effect(() => {
    void [generationOfEngine.value, lookAgain.value, endings.value];
    const [chosen, tokens, format, at] = [choice.value, context.value, cacheFormat.value, hub.value];
    const weights = recipe.value;
    const source = sourceOf(chosen);
    if (source === undefined || problemOf(chosen) !== undefined || problems.value.has("context")) {
      plan.value = { kind: "none" };
      return;
    }
    const ended = new AbortController();
    plan.value = { kind: "asking" };
    const typed = chosen.kind === "hub" || chosen.kind === "address";
    const timer = setTimeout(ask, typed ? idle : 0);
    async function ask() {
      try {
        const engine = await engineFor(at);
        if (ended.signal.aborted) return;
        const options = {
          cache: { dtype: format },
          signal: ended.signal,
          ...(tokens === undefined ? {} : { context: tokens }),
          ...(weights === undefined ? {} : { weights }),
        };
        const found = await engine.plan(source as NonNullable<typeof source>, options);
        if (!ended.signal.aborted) plan.value = { kind: "known", plan: found };
      } catch (error) {
        if (!ended.signal.aborted)
          plan.value = error instanceof NoDevice ? { kind: "none" } : { kind: "failed", error };
      }
    }
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  });
}
