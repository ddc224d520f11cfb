import { type Check, checkOptions, checkValue } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import { engineFields } from "./checks.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { engineOf } from "./facade.ts";
import type { EnginePort } from "./port/messages.ts";
import { openPort } from "./port/port-core.ts";

const port: Check = (value) =>
  typeof value === "object" && value !== null && "postMessage" in value && "addEventListener" in value
    ? undefined
    : "a Worker or a MessagePort";

/**
 * Opens an engine in a worker, so that loading and generating leave the page's thread free. `worker` is one whose
 * script imports `shaderformer/worker`, or a port to `serveEngine`; the caller keeps it. Without one, the package's own
 * script is started, which requires that no bundler has moved it, and ended with the engine. Throws `GpuError` if
 * workers have no WebGPU, or the worker cannot be started.
 */
export async function createWorkerEngine(worker?: EnginePort, options: EngineOptions = {}): Promise<Engine> {
  if (worker !== undefined) checkValue("createWorkerEngine", "worker", port, worker);
  checkOptions("createWorkerEngine", engineFields, options);
  if (worker) return engineOf(await openPort(worker, options));
  const own = startWorker();
  try {
    const core = await openPort(own, options);
    return engineOf({ ...core, dispose: () => core.dispose().finally(() => own.terminate()) });
  } catch (error) {
    own.terminate();
    throw error;
  }
}

function startWorker(): Worker {
  if (typeof Worker !== "function") {
    throw new OptionError(
      "createWorkerEngine: worker is missing, and there are no web workers here; give a MessagePort",
    );
  }
  // Bundlers that recognise this pattern would add the worker to every page that imports anything from this package.
  const script = new URL(/* @vite-ignore */ "../engine-worker.js", import.meta.url);
  return new Worker(/* @vite-ignore */ script, { type: "module" });
}
