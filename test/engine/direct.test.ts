import { afterAll, beforeAll, describe } from "vitest";
import { createEngine } from "../../src/engine/create-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { LoadProgress } from "../../src/formats/load-progress.ts";
import { quickEngines } from "../support/devices/gpu.ts";
import { loadVoices, testLoading } from "./answers.ts";
import { testBatches } from "./batches.ts";

quickEngines();
let engine: Engine;
let loading: readonly LoadProgress[] = [];
beforeAll(async () => {
  engine = await createEngine();
  loading = await loadVoices(engine);
});
afterAll(() => engine.dispose());

// What crosses a port is answered by this engine: port.test.ts has all of its answers and refusals.
describe("an engine in this thread", () => {
  testLoading(
    () => engine,
    () => loading,
  );
  testBatches(() => engine);
});
