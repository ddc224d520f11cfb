import { checkOptions } from "../options/checks.ts";
import { engineFields } from "./checks.ts";
import { openCore } from "./direct/core.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { engineOf } from "./facade.ts";

/**
 * Opens a device in this thread for language models, with the interface of OpenAI's client and its own. Throws
 * `GpuError` without WebGPU.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  checkOptions("createEngine", engineFields, options);
  return engineOf(await openCore(options));
}
