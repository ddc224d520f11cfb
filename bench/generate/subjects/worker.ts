// This engine in a worker of the page's.
import { createWorkerEngine } from "shaderformer";
import { engineSubject } from "./engine.ts";
import { startPage } from "./page.ts";

startPage(({ hub }) => {
  const worker = new Worker(new URL("engine-worker.js", location.href), { type: "module" });
  return engineSubject(createWorkerEngine(worker, { endpoint: hub }));
});
