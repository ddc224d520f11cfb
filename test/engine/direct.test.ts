import { afterAll, beforeAll, describe } from "vitest";
import { createEngine } from "../../src/engine/create-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { LoadProgress } from "../../src/formats/load-progress.ts";
import { loadVoices, testAnswers } from "./answers.ts";
import { testBatches } from "./batches.ts";
import { testLooks } from "./looks.ts";
import { testRefusals } from "./refusals.ts";
import { testTuning } from "./tuning.ts";

let engine: Engine;
let loading: readonly LoadProgress[] = [];
beforeAll(async () => {
  engine = await createEngine();
  loading = await loadVoices(engine);
});
afterAll(() => engine.dispose());

describe("an engine in this thread", () => {
  testAnswers(
    () => engine,
    () => loading,
  );
  testLooks(() => engine);
  testBatches(() => engine);
  testRefusals(() => engine);
  testTuning(() => engine);
});
