import { effect, type Signal } from "@preact/signals";
import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import { device } from "../device/device.ts";
import type { Hub } from "../hub/hub.ts";
import { say } from "../status.ts";
import type { WorkerClient } from "../worker/client.ts";
import type { ModelChoice } from "./choice.ts";
import { advance, type Meter, noProgress } from "./meter.ts";
import type { ModelPlan, ModelRequest } from "./request.ts";

/** What is known about the chosen model before it is loaded. */
export type PlanState =
  | { readonly kind: "none" }
  | { readonly kind: "asking" }
  | { readonly kind: "known"; readonly plan: ModelPlan }
  | { readonly kind: "failed"; readonly error: unknown };

/** The model in the worker. */
export type ModelState<F> =
  | { readonly kind: "none" }
  | { readonly kind: "loading"; readonly name: string; readonly meter: Meter }
  | { readonly kind: "ready"; readonly name: string; readonly facts: F };

/** A worker's calls for models. */
export interface ModelCalls<F> {
  readonly plan: [ModelRequest, ModelPlan, never];
  readonly load: [ModelRequest, F, LoadProgress];
}

/** A page's state of models, and its kind of choices. */
export interface LoaderParts<F> {
  readonly client: Pick<WorkerClient<ModelCalls<F>>, "call" | "generation">;
  readonly choice: Signal<ModelChoice>;
  readonly hub: Signal<Hub>;
  readonly plan: Signal<PlanState>;
  readonly model: Signal<ModelState<F>>;
  readonly nameOf: (choice: ModelChoice) => string;
  readonly sourceOf: (choice: ModelChoice) => ModelRequest["source"] | undefined;
  /** Called when a load begins and the previous model is gone. */
  readonly begun: () => void;
  readonly failed: (error: unknown) => void;
}

/** Plans and loads a page's models. */
export interface Loader {
  /** Keeps the plan up to date with the choice; it only reads file headers. */
  followChoice(): void;
  /** Loads the chosen model in place of the current one. True on success. */
  loadModel(): Promise<boolean>;
  /** Ends the load. Downloads stay in the browser's storage. */
  cancelLoading(): void;
}

/** The bar is painted at most this often, milliseconds. */
const paintEvery = 100;
/** Milliseconds after the last key before a name is looked up. */
const idle = 500;

export function modelLoader<F>(parts: LoaderParts<F>): Loader {
  const { client, choice, hub, plan, model, nameOf, sourceOf } = parts;
  let ended = new AbortController();
  const isLoaded = () => model.value.kind === "ready" && model.value.name === nameOf(choice.value);
  return {
    followChoice() {
      effect(() => {
        const [chosen, at] = [choice.value, hub.value];
        const source = sourceOf(chosen);
        if (source === undefined || device.value.kind !== "ready") {
          plan.value = { kind: "none" };
          return;
        }
        void client.generation.value;
        const asked = new AbortController();
        plan.value = { kind: "asking" };
        const timer = setTimeout(ask, chosen.kind === "named" ? idle : 0);
        async function ask() {
          try {
            const known = await client.call("plan", { source: source as string, ...at }, { signal: asked.signal });
            if (!asked.signal.aborted) plan.value = { kind: "known", plan: known };
          } catch (error) {
            if (!asked.signal.aborted) plan.value = { kind: "failed", error };
          }
        }
        return () => {
          clearTimeout(timer);
          asked.abort();
        };
      });
    },

    async loadModel() {
      if (isLoaded()) return true;
      const source = sourceOf(choice.value);
      if (source === undefined) return false;
      const name = nameOf(choice.value);
      ended.abort();
      const mine = new AbortController();
      ended = mine;
      let [meter, painted, announced]: [Meter, number, number] = [noProgress, 0, 0];
      parts.begun();
      model.value = { kind: "loading", name, meter };
      say(`Loading ${name}`);
      const onProgress = (progress: LoadProgress) => {
        const now = performance.now();
        meter = advance(meter, progress, now);
        const quarter = Math.floor(meter.fraction * 4);
        if (quarter > announced && quarter < 4) say(`${quarter * 25} % of ${name} loaded`);
        announced = Math.max(announced, quarter);
        if (mine.signal.aborted || now - painted < paintEvery) return;
        painted = now;
        model.value = { kind: "loading", name, meter };
      };
      try {
        const facts = await client.call("load", { source, ...hub.value }, { signal: mine.signal, onProgress });
        if (mine.signal.aborted) return false;
        model.value = { kind: "ready", name, facts };
        say(`${name} is loaded`);
        return true;
      } catch (error) {
        if (!mine.signal.aborted) {
          model.value = { kind: "none" };
          if (device.value.kind === "ready") parts.failed(error);
        }
        return false;
      }
    },

    cancelLoading() {
      if (model.value.kind !== "loading") return;
      ended.abort();
      say(`Loading ${model.value.name} was cancelled`);
      model.value = { kind: "none" };
    },
  };
}
