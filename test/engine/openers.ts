import { createWorkerEngine } from "../../src/engine/create-worker-engine.ts";
import type { Engine, EngineOptions } from "../../src/engine/engine.ts";
import { serveEngine } from "../../src/engine/port/serve-engine.ts";

/** Opens an engine on the other side of a port: one in this thread, to which all crosses by structured cloning. */
export function openAcrossPort(options: EngineOptions = {}): Promise<Engine> {
  const { port1, port2 } = new MessageChannel();
  serveEngine(port2);
  return createWorkerEngine(port1, options);
}

/** The error of a call that fails: what of it has to be the same wherever it was thrown. */
export async function failure(
  call: () => Promise<unknown>,
): Promise<{ readonly name: string; readonly message: string }> {
  const error = await call().then(
    () => new Error("it was accepted"),
    (reason: unknown) => reason,
  );
  const { name, message } = error as Error;
  return { name, message };
}
