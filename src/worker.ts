// The script of a worker with an engine in it: `new Worker(…, { type: "module" })` with a script that imports this.
import { setEncoderLoader } from "./engine/direct/load-encoder.ts";
import { serveEngine } from "./engine/port/serve-engine.ts";

setEncoderLoader(
  async (...given) => (await import("./encode/load-encoder.ts")).loadEncoder(...given),
  async (...given) => (await import("./encode/plan-encoder.ts")).planEncoder(...given),
);
if ("WorkerGlobalScope" in globalThis) serveEngine();
