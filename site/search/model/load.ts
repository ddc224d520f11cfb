import { effect } from "@preact/signals";
import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import { advance, type Meter, noProgress } from "../../generate/model/meter.ts";
import { device } from "../../shell/device/device.ts";
import { say } from "../../shell/status.ts";
import { choice, chosenIsLoaded, failure, hub, model, plan, searchable } from "../state.ts";
import { call, generation } from "../worker/client.ts";
import { nameOf, problemOf, sourceOf } from "./choice.ts";

/** The bar is painted at most this often, milliseconds. */
const paintEvery = 100;
/** Milliseconds without a key before a name that is being written is looked up. */
const idle = 500;

let ended = new AbortController();

/** Makes the plan follow what is chosen: only heads of files are read for it. */
export function followChoice(): void {
  effect(() => {
    const [chosen, at] = [choice.value, hub.value];
    const source = sourceOf(chosen);
    if (source === undefined || problemOf(chosen) !== undefined || device.value.kind !== "ready") {
      plan.value = { kind: "none" };
      return;
    }
    void generation.value;
    const asked = new AbortController();
    plan.value = { kind: "asking" };
    const timer = setTimeout(ask, chosen.kind === "named" ? idle : 0);
    async function ask() {
      try {
        const known = await call("plan", { source: source as string, ...at }, { signal: asked.signal });
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
}

/** Loads the chosen model in place of the one that there is. True when it is there. */
export async function loadModel(): Promise<boolean> {
  if (chosenIsLoaded.value) return true;
  const source = sourceOf(choice.value);
  if (source === undefined) return false;
  const name = nameOf(choice.value);
  ended.abort();
  const mine = new AbortController();
  ended = mine;
  let [meter, painted, announced]: [Meter, number, number] = [noProgress, 0, 0];
  failure.value = undefined;
  searchable.value = false;
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
    const facts = await call("load", { source, ...hub.value }, { signal: mine.signal, onProgress });
    if (mine.signal.aborted) return false;
    model.value = { kind: "ready", name, facts };
    say(`${name} is loaded`);
    return true;
  } catch (error) {
    if (!mine.signal.aborted) {
      model.value = { kind: "none" };
      if (device.value.kind === "ready") failure.value = { during: "load", error };
    }
    return false;
  }
}

/** Ends the load. What was downloaded is kept where the browser keeps it. */
export function cancelLoading(): void {
  if (model.value.kind !== "loading") return;
  ended.abort();
  say(`Loading ${model.value.name} was cancelled`);
  model.value = { kind: "none" };
}
