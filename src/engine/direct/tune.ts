import type { TuneResult } from "../../generate/tuning/options.ts";
import { checkOptions } from "../../options/checks.ts";
import { tuneFields } from "../checks.ts";
import type { Calls, Reporter } from "../core.ts";
import { alone } from "./alone.ts";
import { entryOf } from "./loaded.ts";
import type { EngineState } from "./state.ts";

/** Measures kernels on the engine's device, one pass at a time. */
export async function tune(
  { device, models }: EngineState,
  request: Calls["tune"][0],
  signal: AbortSignal | undefined,
  onProgress: Reporter<"tune"> | undefined,
): Promise<TuneResult> {
  checkOptions("tune", tuneFields, request); // a message's has not been checked here
  const { model: id, budget, store } = request;
  const gpu = await device.ready();
  const none = id === undefined && [...models.values()].every((entry) => entry === undefined);
  const model = none ? undefined : entryOf(models, id).model;
  const { tuneDevice } = await import("../../generate/tuning/entry.ts");
  const pass = () => tuneDevice(gpu, { model, budget, store, signal, onProgress });
  return await alone(gpu, signal, () => (model ? alone(model, signal, pass) : pass()));
}
