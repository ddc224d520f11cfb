import { readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { openUrl } from "../../src/formats/http/url.ts";
import type { LoadProgress } from "../../src/formats/load-progress.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { type Files, formatErrorOf } from "../formats/checkpoint-bytes.ts";
import { type Handler, type Seen, serve, withoutRanges, withRanges } from "../formats/loopback-server.ts";
import { bundledModel } from "../support/bundled.ts";
import { turns, until } from "../support/until.ts";

const gpu = await openGpu();
afterAll(() => gpu.close());

const files: Files = Object.fromEntries(
  readdirSync(bundledModel).map((name) => [name, readFileSync(`${bundledModel}/${name}`)]),
);
const weightsBytes = 10_099_200; // of the tensors

/** A server whose every response is some turns of the event loop late, so that requests at one time overlap. */
const late =
  (inner: Handler): Handler =>
  (...all) =>
    void turns(30).then(() => inner(...all));

const nameOf = ({ url }: Seen) => url.split("/").at(-1);

test("a file: address is a folder", async () => {
  using model = await loadModel(gpu, pathToFileURL(bundledModel));
  expect(model.decoder.weights.bytes).toBeGreaterThan(weightsBytes);
});

describe("over a connection with a latency", () => {
  test.each([
    ["with", withRanges, 10],
    ["without", withoutRanges, 7],
  ] as const)("from a server %s ranges, each file is requested once, four at a time", async (...of) => {
    const [which, server, requests] = of;
    const inner = late(server(files));
    let running = 0;
    let most = 0;
    let rounds = 0; // longest chain of requests of which each came after the response to the one before
    const { base, seen } = await serve((request, response, one) => {
      const round = rounds + 1;
      most = Math.max(most, ++running);
      response.on("close", () => {
        running--;
        rounds = Math.max(rounds, round);
      });
      inner(request, response, one);
    });
    const progress: LoadProgress[] = [];
    using model = await loadModel(gpu, base, { onProgress: (step) => progress.push(step) });
    console.log(`${which} ranges: ${seen.length} requests in ${rounds} rounds`);
    expect(rounds).toBeLessThanOrEqual(5);
    expect(model.decoder.weights.bytes).toBeGreaterThan(weightsBytes);
    expect(seen).toHaveLength(requests);
    const texts = seen.map(nameOf).filter((name) => name !== "model.safetensors");
    expect(new Set(texts).size).toBe(texts.length);
    expect(most).toBeLessThanOrEqual(4);
    expect(progress.at(-1)).toEqual({ phase: "upload", done: weightsBytes, total: weightsBytes });
    const counts = progress.map(({ done }) => done);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });
});

describe("an abort ends the load at once, with no request after it", () => {
  let silenced = 0;
  /** A server that is silent from a request on, or from a byte of its response on. */
  const silent = (which: (one: Seen) => boolean, headers: boolean): Handler => {
    const inner = withRanges(files);
    return (request, response, one) => {
      if (!which(one)) return inner(request, response, one);
      silenced++;
      if (!headers) return;
      const writes = { end: response.end.bind(response) };
      response.end = (chunk?: unknown) => {
        if (chunk instanceof Uint8Array) response.write(chunk.subarray(0, chunk.length / 2));
        else writes.end();
        return response;
      };
      inner(request, response, one);
    };
  };
  const is = (name: string) => (one: Seen) => nameOf(one) === name;
  const isBody = (one: Seen) => is("model.safetensors")(one) && !one.range?.startsWith("bytes=0-");

  test.each<[string, Handler]>([
    ["before the headers of the config", silent(is("config.json"), false)],
    ["within the body of the config", silent(is("config.json"), true)],
    ["before the headers of the index", silent(is("model.safetensors.index.json"), false)],
    ["within the head of the weights", silent(is("model.safetensors"), true)],
    ["before the weights", silent(isBody, false)],
    ["within the weights", silent(isBody, true)],
  ])("%s", async (_, server) => {
    const { base, open } = await serve(server);
    const requests = vi.spyOn(globalThis, "fetch");
    onTestFinished(() => requests.mockRestore());
    const controller = new AbortController();
    silenced = 0;
    const loading = loadModel(gpu, base, { signal: controller.signal });
    loading.catch(() => undefined);
    await until("silence", () => silenced > 0);
    await turns(50); // what was written of the response has arrived
    const before = requests.mock.calls.length;
    await abortedAtOnce(controller, loading);
    await until("end of the connections", () => open() === 0);
    expect(requests.mock.calls.length).toBe(before);
  });

  test("before it begins, without a request", async () => {
    const { base, seen } = await serve(withRanges(files));
    const controller = new AbortController();
    controller.abort(new Error("left the page"));
    await expect(loadModel(gpu, base, { signal: controller.signal })).rejects.toThrow("left the page");
    expect(seen).toEqual([]);
  });

  test("while weights are uploaded, and while fetch ignores the signal", async () => {
    const controller = new AbortController();
    gpu.buffers.trim();
    const allocated = gpu.buffers.allocatedBytes;
    let reports = 0;
    const onProgress = ({ done }: LoadProgress) => {
      if (controller.signal.aborted) reports++;
      else if (done >= weightsBytes / 2) controller.abort(new Error("left the page"));
    };
    const { base } = await serve(withRanges(files));
    await expect(loadModel(gpu, base, { signal: controller.signal, onProgress })).rejects.toThrow("left the page");
    expect(reports).toBe(0);
    gpu.buffers.trim();
    expect(gpu.buffers.allocatedBytes).toBeLessThanOrEqual(allocated);

    const never = openUrl(base, { fetch: () => new Promise(() => {}) });
    const second = new AbortController();
    const loading = loadModel(gpu, never, { signal: second.signal });
    await abortedAtOnce(second, loading);
  });

  async function abortedAtOnce(controller: AbortController, loading: Promise<unknown>): Promise<void> {
    controller.abort(new Error("left the page"));
    let ended = "not yet";
    loading.catch((error: unknown) => {
      ended = String(error);
    });
    await turns(20);
    expect(ended).toBe("Error: left the page");
  }
});

test("a load that fails ends its requests", async () => {
  const { base, open } = await serve((request, response, one) => {
    if (nameOf(one) === "config.json") return void response.end("{}");
    if (nameOf(one) === "tokenizer.json") return; // silent
    withoutRanges(files)(request, response, one);
  });
  expect((await formatErrorOf(loadModel(gpu, base))).file).toBe("config.json");
  await until("end of the connections", () => open() === 0);
});
