// The script of a worker with an engine in it: `new Worker(…, { type: "module" })` with a script that imports this.
import { setAdapters } from "./engine/direct/adapters.ts";
import { setEncoders } from "./engine/direct/encoders.ts";
import { serveEngine } from "./engine/port/serve-engine.ts";

setEncoders(() => import("./engine/encoders/entry.ts"));
setAdapters({
  load: async (...given) => (await import("./engine/direct/load-adapters.ts")).adaptersForEngines.load(...given),
});
if ("WorkerGlobalScope" in globalThis) serveEngine();
