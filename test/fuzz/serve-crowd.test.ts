// Many clients of one server at once: a queue that is full, and clients that leave at random moments.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, expect, test } from "vitest";
import { clientOf, figuresOf, servedModel } from "../engine/serve/served.ts";
import { bundledNano } from "../support/bundled.ts";
import { atSubmit } from "../support/devices/at-moment.ts";
import { deviceMemory } from "../support/devices/device-memory.ts";
import { quickEngines } from "../support/devices/gpu.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { turns } from "../support/until.ts";

quickEngines();
const memory = await deviceMemory();
afterAll(() => memory.end());
const served = servedModel({ concurrency: 4, queue: 8 }, bundledNano);
const random = randomFor("serve-crowd");
const model = "voices-dense";
const voices = ["<|whale|>", "<|scripture|>", "<|union|>", "<|jargon|>"];

/** A request of one of many kinds. */
const requestOf = (i: number) => ({
  model,
  prompt: `${voices[i % 4]}${"The sea was calm. ".repeat(1 + (i % 5))}`,
  seed: i,
  temperature: i % 3 === 0 ? 0 : 0.9,
  max_tokens: 6 + (i % 7),
  ...(i % 4 === 1 ? { presence_penalty: 0.5 } : {}),
});

const clients = attempts(64, 16);

test(`${clients} clients at once: each gets what it would get alone, those that are sent away come again`, async () => {
  const requests = Array.from({ length: clients }, (_, i) => requestOf(i));
  const alone: string[] = [];
  for (const request of requests) alone.push((await served.engine.completions.create(request)).choices[0]?.text ?? "");
  const before = await figuresOf(served.server);
  const texts = await Promise.all(
    requests.map(async (request, i) => {
      const client = clientOf(served.server, { maxRetries: 200 });
      if (i % 2 === 0) return (await client.completions.create(request)).choices[0]?.text;
      const stream = await client.completions.create({ ...request, stream: true });
      let text = "";
      for await (const { choices } of stream) text += choices[0]?.text ?? "";
      return text;
    }),
  );
  expect(texts).toEqual(alone);
  const after = await figuresOf(served.server);
  const grown = (status: number) => {
    const name = `shaderformer_requests_total{path="/v1/completions",status="${status}"}`;
    return (after.get(name) ?? 0) - (before.get(name) ?? 0);
  };
  expect(grown(200)).toBe(clients);
  expect(grown(429)).toBeGreaterThan(0); // the queue was full
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of JavaScript's heap that are in use. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await turns(20); // what has ended is let go
    collect();
  }
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

/** Sends a request and leaves at a random moment: after so many submits of all; whether there was an answer before. */
async function hangUp(i: number): Promise<boolean> {
  const stop = new AbortController();
  const leaving = atSubmit(1 + random.integer(60), () => stop.abort());
  const body = JSON.stringify({ ...requestOf(i), max_tokens: 200, stream: i % 3 > 0 });
  try {
    const answer = await fetch(`${served.server.url}/v1/completions`, { method: "POST", body, signal: stop.signal });
    await answer.text();
    return true;
  } catch {
    return false;
  } finally {
    leaving.finish();
  }
}

const leaving = attempts(1000, 20);

test(`${leaving} clients that hang up at random moments leave nothing, and the next one is answered`, async () => {
  const crowd = async (from: number, count: number) => {
    const group = 20;
    for (let i = 0; i < count; i += group) {
      await Promise.all(Array.from({ length: Math.min(group, count - i) }, (_, j) => hangUp(from + i + j)));
    }
    await expect
      .poll(async () => (await figuresOf(served.server)).get("shaderformer_requests_running"), { timeout: 60_000 })
      .toBe(0);
  };
  await crowd(0, leaving / 2); // what is made once is there
  const [onHeap, onDevice] = [await heap(), memory.bytes];
  await crowd(leaving / 2, leaving / 2);
  expect((await heap()) - onHeap).toBeLessThan(8 << 20);
  expect(memory.bytes).toBeLessThanOrEqual(onDevice * 1.05);
  const figures = await figuresOf(served.server);
  expect(figures.get("shaderformer_requests_waiting")).toBe(0);
  expect(figures.get("shaderformer_hang_ups_total")).toBeGreaterThan(leaving / 4);
  const request = requestOf(1);
  const last = await served.client.completions.create(request);
  expect(last.choices[0]?.text).toBe((await served.engine.completions.create(request)).choices[0]?.text);
});
