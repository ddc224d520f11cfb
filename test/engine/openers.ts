import { createEngine } from "../../src/engine/create-engine.ts";
import { createWorkerEngine } from "../../src/engine/create-worker-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { serveEngine } from "../../src/engine/port/serve-engine.ts";

/** Opens an engine in this thread, or one on the other side of a port. */
export const openers: Readonly<Record<string, () => Promise<Engine>>> = {
  "in this thread": () => createEngine(),
  "on the other side of a port": () => {
    const { port1, port2 } = new MessageChannel();
    serveEngine(port2);
    return createWorkerEngine(port1);
  },
};

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
