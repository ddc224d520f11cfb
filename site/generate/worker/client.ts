import { signal } from "@preact/signals";
import { createWorkerEngine } from "../../../src/engine/create-worker-engine.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { device, losses } from "../../shell/device/device.ts";
import type { Hub } from "../../shell/hub/hub.ts";
import { sim } from "../../shell/sim.ts";
import type { Begin, Found } from "./protocol.ts";

/** A worker with its engine, and how to end it. */
interface Thread {
  readonly hub: Hub;
  readonly engine: Promise<Engine>;
  readonly end: () => void;
}

let thread: Thread | undefined;

/** Counts the engines: models of earlier ones are gone. */
export const generationOfEngine = signal(0);
/** The last warning of an engine. */
export const warning = signal<string | undefined>(undefined);

/** The page's engine in its worker, started when first needed or when the hub changes. */
export function engineFor(hub: Hub): Promise<Engine> {
  if (thread && (thread.hub.endpoint !== hub.endpoint || thread.hub.token !== hub.token)) endEngine();
  thread ??= start(hub);
  return thread.engine;
}

/** The current engine. Throws without one. */
export function engineNow(): Promise<Engine> {
  if (!thread) throw new Error("there is no engine");
  return thread.engine;
}

/** Ends the worker with all its work and memory. */
export function endEngine(): void {
  thread?.end();
  thread = undefined;
  generationOfEngine.value++;
}

function start(hub: Hub): Thread {
  let worker: Worker | undefined;
  let ended = false;
  device.value = { kind: "opening" };
  const engine = (async () => {
    try {
      if (sim === "no-worker") throw new Error("simulated");
      worker = new Worker(new URL("./engine-worker.ts", import.meta.url), { type: "module", name: "engine" });
    } catch (error) {
      throw missing("no-worker", error instanceof Error ? error.message : String(error));
    }
    const { port1: port, port2 } = new MessageChannel();
    const found = await firstMessage(worker, { sim, port: port2 });
    if (ended) throw new Error("the engine was ended");
    if (found.kind === "missing") throw missing(found.missing, found.detail);
    const { endpoint, token } = hub;
    const options = { gpu: found.gpu, endpoint, ...(token === "" ? {} : { token }) };
    const created = await createWorkerEngine(port, options).catch((error: unknown) => {
      throw missing("no-device", error instanceof Error ? error.message : String(error));
    });
    device.value = { kind: "ready", facts: found.facts };
    created.onEvent((event) => {
      if (ended) return;
      if (event.type === "device-lost") {
        losses.value++;
        device.value = { kind: "lost", detail: event.message };
      } else if (event.type === "device-restored") device.value = { kind: "ready", facts: found.facts };
      else warning.value = event.message;
    });
    return created;
  })();
  engine.catch(() => {
    if (!ended) thread = undefined; // the next request tries again
  });
  const end = () => {
    ended = true;
    worker?.terminate();
  };
  return { hub, engine, end };
}

function firstMessage(worker: Worker, begin: Begin): Promise<Found> {
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Found>) => resolve(data), { once: true });
    worker.addEventListener("error", ({ message }) => reject(missing("no-worker", message ?? "")));
    worker.postMessage(begin, [begin.port]);
  });
}

/** Reports why there is no device; the error is for those who wait for the engine. */
function missing(why: Extract<Found, { kind: "missing" }>["missing"], detail: string): NoDevice {
  device.value = { kind: "missing", missing: why, detail };
  return new NoDevice(detail);
}

/** There is no device, and the page says so: a load that failed for this reason needs no other message. */
export class NoDevice extends Error {
  override readonly name = "NoDevice";
}
