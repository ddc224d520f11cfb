// The script of a worker with an engine in it: `new Worker(…, { type: "module" })` with a script that imports this.
import { setEncoders } from "./engine/direct/encoders.ts";
import { serveEngine } from "./engine/port/serve-engine.ts";

setEncoders(() => import("./engine/encoders/entry.ts"));
if ("WorkerGlobalScope" in globalThis) serveEngine();
