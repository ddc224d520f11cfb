// The script of a worker with an engine in it: `new Worker(…, { type: "module" })` with a script that imports this.
import { serveEngine } from "./engine/port/serve-engine.ts";

if ("WorkerGlobalScope" in globalThis) serveEngine();
