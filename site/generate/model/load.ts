import { signal } from "@preact/signals";
import type { ModelInfo } from "../../../src/engine/engine.ts";
import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import { type Hub, standardHub } from "../../shell/hub/hub.ts";
import { advance, type Meter, noProgress, resumed } from "../../shell/model/meter.ts";
import { say } from "../../shell/status.ts";
import { keep, kept } from "../../shell/store.ts";
import { cacheFormat, choice, context, recipe, tuned } from "../state.ts";
import { endEngine, engineFor, NoDevice } from "../worker/client.ts";
import { type ModelChoice, nameOf, sourceOf } from "./choice.ts";

/** The loaded model, if any. */
export type LoadState =
  | { readonly kind: "none" }
  | { readonly kind: "loading"; readonly name: string; readonly meter: Meter }
  | { readonly kind: "paused"; readonly name: string; readonly meter: Meter }
  | { readonly kind: "ready"; readonly name: string; readonly info: ModelInfo; readonly from: ModelChoice }
  | { readonly kind: "failed"; readonly name: string; readonly error: unknown };

export const load = signal<LoadState>({ kind: "none" });
export const hub = signal<Hub>(standardHub);
/** Counts the loads that the reader has ended, after which the browser may have more of a model. */
export const endings = signal(0);
/** The model being loaded when the browser last closed the page. */
export const killedBy = signal<string | undefined>(kept("loading"));

/** The bar is painted at most this often, milliseconds. */
const paintEvery = 100;

let ended = new AbortController();
/** Settles when the previous load has freed its memory. */
let before: Promise<unknown> = Promise.resolve();

/** Loads the chosen model in place of the current one. True on success. */
export async function startLoading(meter: Meter = noProgress): Promise<boolean> {
  const [from, tokens, format, weights] = [choice.value, context.value, cacheFormat.value, recipe.value];
  const source = sourceOf(from);
  if (source === undefined) return false;
  ended.abort();
  const mine = new AbortController();
  ended = mine;
  const name = nameOf(from);
  let [now, painted, announced] = [meter, 0, 0];
  load.value = { kind: "loading", name, meter };
  say(`Loading ${name}`);
  killedBy.value = undefined;
  keep("loading", name);
  const onProgress = (progress: LoadProgress) => {
    const time = performance.now();
    now = advance(now, progress, time);
    const quarter = Math.floor(now.fraction * 4);
    if (quarter > announced && quarter < 4) say(`${quarter * 25} % of ${name} loaded`);
    announced = Math.max(announced, quarter);
    if (mine.signal.aborted || load.value.kind !== "loading" || time - painted < paintEvery) return;
    painted = time;
    load.value = { kind: "loading", name, meter: now };
  };
  try {
    const engine = await engineFor(hub.value);
    await before.catch(() => undefined);
    if (mine.signal.aborted) return false;
    await engine.unload();
    const loading = engine.load(source, {
      id: name,
      cache: { dtype: format },
      onProgress,
      signal: mine.signal,
      ...(tokens === undefined ? {} : { context: tokens }),
      ...(weights === undefined ? {} : { weights }),
      ...(tuned.value ? { tuned: true } : {}),
    });
    before = loading;
    const info = await loading;
    if (mine.signal.aborted) return false;
    load.value = { kind: "ready", name, info, from };
    say(`${name} is loaded`);
    return true;
  } catch (error) {
    if (!mine.signal.aborted) {
      load.value = error instanceof NoDevice ? { kind: "none" } : { kind: "failed", name, error };
    }
    return false;
  } finally {
    if (ended === mine) keep("loading", undefined);
  }
}

/** Stops the load; the next one continues from what the browser has stored. */
export function pauseLoading(): void {
  if (load.value.kind !== "loading") return;
  const { name, meter } = load.value;
  endLoading({ kind: "paused", name, meter });
  say(`Paused at ${Math.round(100 * meter.fraction)} %`);
}

export function resumeLoading(): void {
  if (load.value.kind === "paused") void startLoading(resumed(load.value.meter));
}

/** Ends the load. Downloads stay in the browser's storage. */
export function cancelLoading(): void {
  if (load.value.kind !== "loading" && load.value.kind !== "paused") return;
  const { name } = load.value;
  endLoading({ kind: "none" });
  say(`Loading ${name} was cancelled`);
}

function endLoading(next: LoadState): void {
  ended.abort();
  ended = new AbortController();
  keep("loading", undefined);
  load.value = next;
  endings.value++;
}

/** Unloads the model, to choose another. */
export async function leaveModel(): Promise<void> {
  endLoading({ kind: "none" });
  await engineFor(hub.value).then(
    (engine) => engine.unload(),
    () => undefined, // then there is nothing to unload
  );
}

/** Ends the worker, and with it the model, and opens a new device. */
export function restartEngine(): void {
  endLoading({ kind: "none" });
  endEngine();
}

/** Changes the hub, and so the engine, unless it is the same. */
export function takeHub(next: Hub): void {
  const { endpoint, token } = hub.value;
  if (next.endpoint === endpoint && next.token === token) return;
  endLoading({ kind: "none" });
  hub.value = next;
}

/** The reader left the page while it loaded; not a crash. */
addEventListener("pagehide", () => keep("loading", undefined));
