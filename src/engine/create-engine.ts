import { gpuChecks } from "../gpu/open.ts";
import { boolean, checkOptions, fieldsOf, integer, object, text } from "../options/checks.ts";
import { openCore } from "./direct/core.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { engineOf } from "./facade.ts";

/** Options of an engine. */
export const engineFields = fieldsOf<EngineOptions>({
  gpu: object(gpuChecks),
  endpoint: text,
  token: text,
  concurrency: integer(1, 64),
  queue: integer(0, 2 ** 24),
  cache: boolean,
});

/**
 * Opens a device in this thread for language models, with the interface of OpenAI's client and its own. Throws
 * `GpuError` where there is no WebGPU.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  checkOptions("createEngine", engineFields, options);
  return engineOf(await openCore(options));
}
