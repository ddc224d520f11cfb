import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorkerEngine } from "../../src/engine/create-worker-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { serveEngine } from "../../src/engine/port/serve-engine.ts";
import { RequestError } from "../../src/engine/request-error.ts";
import type { LoadProgress } from "../../src/formats/load-progress.ts";
import { OptionError } from "../../src/options/errors.ts";
import { quickEngines } from "../support/devices/gpu.ts";
import { loadVoices, testAnswers, testLoading } from "./answers.ts";
import { testLooks } from "./inspect.ts";
import { testRefusals } from "./refusals.ts";
import { testTuning } from "./tuning.ts";

quickEngines();
const patient = { timeout: 60_000 };
const channels: MessageChannel[] = [];
/** A channel with an engine on its other side, in the same thread: everything crosses it by structured cloning. */
function channel(): MessageChannel {
  const made = new MessageChannel();
  channels.push(made);
  serveEngine(made.port2);
  return made;
}

let engine: Engine;
let loading: readonly LoadProgress[] = [];
beforeAll(async () => {
  engine = await createWorkerEngine(channel().port1);
  loading = await loadVoices(engine);
});
afterAll(async () => {
  await engine.dispose();
  for (const { port1 } of channels) port1.close();
});

describe("an engine on the other side of a port", () => {
  testLoading(
    () => engine,
    () => loading,
  );
  testAnswers(() => engine);
  testLooks(() => engine);
  testRefusals(() => engine);
  testTuning(() => engine);

  test("errors are of the same class here", async () => {
    const missing = await engine.models.retrieve("gpt").catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(RequestError);
    expect((missing as RequestError).error).toMatchObject({ param: "model", code: "model_not_found" });
    const wrong = await engine.generate({ prompt: "a", topK: -1 }).result.catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(OptionError);
  });

  test("messages of others, and methods that there are not, do no harm", async () => {
    const { port1 } = channel();
    port1.start();
    const answers: unknown[] = [];
    port1.addEventListener("message", ({ data }) => answers.push(data));
    for (const message of [null, 1, "a", {}, { type: "toString" }, { type: "abort", id: 7 }])
      port1.postMessage(message);
    port1.postMessage({ type: "call", id: 1, method: "constructor", argument: {} });
    await expect.poll(() => answers.length, patient).toBe(1);
    expect(answers).toMatchObject([{ type: "error", id: 1, error: { message: "the engine is not open" } }]);
    const other = await createWorkerEngine(port1);
    port1.postMessage({ type: "call", id: 99, method: "constructor", argument: {} });
    await expect
      .poll(() => answers.at(-1), patient)
      .toMatchObject({ id: 99, error: { name: "RequestError", message: /no method/ } });
    await other.dispose();
  });

  test("an engine that cannot be opened, and one that was disposed, say so", async () => {
    const { port1 } = channel();
    const opening = createWorkerEngine(port1, { gpu: { adapter: "an adapter of this name" } });
    await expect(opening).rejects.toMatchObject({ name: "GpuError", message: /no adapter matches/ });
    const other = await createWorkerEngine(channel().port1);
    await other.dispose();
    await expect(other.loaded()).rejects.toThrow("this engine was disposed");
    await expect(other.generate({ prompt: "a" }).result).rejects.toThrow("this engine was disposed");
    await other.dispose();
  });

  test("what waits ends when the other end is closed", async () => {
    const made = channel();
    const other = await createWorkerEngine(made.port1);
    const waiting = other.load("http://127.0.0.1:9/never", { id: "x" }).catch((error: unknown) => error);
    made.port2.close();
    expect(String(await waiting)).toMatch(/closed|could not/);
    await expect(other.loaded()).rejects.toThrow("the other end of the port was closed");
  });

  test("a worker is needed where there is none of the package's own", async () => {
    await expect(createWorkerEngine()).rejects.toThrow("worker is missing");
    await expect(createWorkerEngine({} as never)).rejects.toThrow("worker is an object, expected a Worker");
  });
});
