import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openUrl } from "../../src/formats/http/url.ts";
import { readText } from "../../src/formats/read-text.ts";
import { withSignal } from "../../src/formats/source.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { turns, until } from "../support/until.ts";
import { type Files, formatErrorOf, numbered, safetensors } from "./checkpoint-bytes.ts";
import { type Handler, serve, withoutRanges, withRanges } from "./loopback-server.ts";

const mebibyte = 2 ** 20;
const zeros = new Uint8Array(16 * mebibyte);
const files: Files = { "a.bin": numbered(300_000), "b.json": "{}" };

/** A fetch that counts the bytes of bodies, after they are decompressed, that are taken from the connection. */
function counting() {
  const taken = { bytes: 0 };
  const transform = (chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>) => {
    taken.bytes += chunk.length;
    controller.enqueue(chunk);
  };
  const counted = async (url: string, init: RequestInit) => {
    const { body, status, headers } = await fetch(url, init);
    return new Response(body?.pipeThrough(new TransformStream({ transform })), { status, headers });
  };
  return { taken, fetch: counted };
}

/** A server that sends zeros until the connection is closed, and counts them. */
async function endless(headers: Record<string, string | number> = {}) {
  const sent = { bytes: 0 };
  const piece = zeros.subarray(0, 65_536);
  const { base, open } = await serve((_, response) => {
    response.writeHead(200, headers);
    const send = () => {
      while (!response.destroyed && response.write(piece)) sent.bytes += piece.length;
    };
    response.on("drain", send);
    send();
  });
  return { base, sent, open };
}

/** What a system's buffers and streams hold of a connection at most, whatever is read of it. */
const inTransit = 16 * mebibyte;

describe("a body longer than its limit is cut there", () => {
  test("one without an end", async () => {
    const { base, sent, open } = await endless();
    const error = await formatErrorOf(readText(openUrl(base), "a.json", { limit: mebibyte }));
    expect(error.message).toBe("a.json: has more than 1048576 bytes, expected a text file of at most 1048576");
    await until("end of the connection", () => open() === 0);
    expect(sent.bytes).toBeLessThan(mebibyte + inTransit);
  });

  test("one that decompresses to a thousand times its length", async () => {
    const bomb = gzipSync(zeros);
    const { base } = await serve(withoutRanges({ "a.json": bomb }, { "content-encoding": "gzip" }));
    const { taken, fetch } = counting();
    const error = await formatErrorOf(readText(openUrl(base, { fetch }), "a.json", { limit: mebibyte }));
    expect(error.message).toBe("a.json: has more than 1048576 bytes, expected a text file of at most 1048576");
    expect(taken.bytes).toBeLessThan(2 * mebibyte);
  });

  test("one that states its length, before it is read", async () => {
    const { base } = await serve(withoutRanges({ "a.json": new Uint8Array(2 * mebibyte) }));
    const { taken, fetch } = counting();
    const error = await formatErrorOf(readText(openUrl(base, { fetch }), "a.json", { limit: mebibyte }));
    expect(error.message).toBe("a.json: has 2097152 bytes, expected a text file of at most 1048576");
    expect(taken.bytes).toBe(0);
  });

  test("weights after the end that their header states", async () => {
    const model = safetensors({ t: { dtype: "F16", shape: [5], bytes: numbered(10) } });
    const bomb = gzipSync(Buffer.concat([model, zeros]));
    const { base } = await serve(withoutRanges({ "model.safetensors": bomb }, { "content-encoding": "gzip" }));
    const { taken, fetch } = counting();
    const error = await formatErrorOf(openWeights(openUrl(base, { fetch })));
    expect(error.message).toBe(`model.safetensors: has more than ${model.length} bytes, expected ${model.length}`);
    expect(taken.bytes).toBeLessThan(mebibyte);
  });

  test("a range that is longer than was asked for, and a body longer than it states", async () => {
    const { base } = await serve((_, response) => {
      response.writeHead(206, { "content-range": "bytes 0-0/1", "content-encoding": "gzip" });
      response.end(gzipSync(zeros));
    });
    const { taken, fetch } = counting();
    const error = await formatErrorOf(openUrl(base, { fetch }).read("a.bin", 0, 1));
    expect(error.message).toBe("a.bin: bytes 0 to 1 were asked for: the server sent more");
    expect(taken.bytes).toBeLessThan(mebibyte);
    const long = openUrl("http://localhost/m", {
      fetch: async () => new Response("abcde", { headers: { "content-length": "4" } }),
    });
    const message = "a.bin: the server sent more than the 4 bytes that it stated";
    expect((await formatErrorOf(readText(long, "a.bin"))).message).toBe(message);
    expect((await formatErrorOf(long.read("a.bin", 0, 4))).message).toBe(message);
  });
});

describe("a server without ranges", () => {
  test("is read no further than is needed, and what is read once is dropped", async () => {
    const { base, sent } = await endless({ "content-length": 2 ** 33 });
    const source = openUrl(base, { maxBufferedBytes: 2 * mebibyte });
    for (let begin = 0; begin < 20 * mebibyte; begin += mebibyte) {
      const bytes = await source.read("a.bin", begin, begin + mebibyte, { once: true });
      expect(bytes.length).toBe(mebibyte);
    }
    expect(sent.bytes).toBeLessThan(20 * mebibyte + inTransit);
    const error = await formatErrorOf(source.read("a.bin", 23 * mebibyte, 24 * mebibyte));
    expect(error.message).toBe(
      "a.bin: more than 2097152 bytes of it would have to be kept, since the server does not support ranges",
    );
  });

  test("is asked again for what was dropped, and for a file that changed meanwhile", async () => {
    let content = numbered(1000);
    const { base, seen } = await serve((...all) => withoutRanges({ "a.bin": content })(...all));
    const source = openUrl(base);
    const once = { once: true };
    expect(await source.read("a.bin", 10, 20, once)).toEqual(content.slice(10, 20));
    expect(await source.read("a.bin", 500, 600, once)).toEqual(content.slice(500, 600));
    expect(await source.read("a.bin", 20, 500, once)).toEqual(content.slice(20, 500));
    expect(seen).toHaveLength(2);
    expect(await source.read("a.bin", 15, 25)).toEqual(content.slice(15, 25));
    expect(seen).toHaveLength(3);
    content = numbered(1001);
    expect(await source.read("a.bin", 15, 25)).toEqual(content.slice(15, 25));
    await source.read("a.bin", 0, 1000, once);
    expect((await formatErrorOf(source.read("a.bin", 15, 25))).message).toBe(
      "a.bin: has 1001 bytes now, but had 1000: it changed while it was read",
    );
  });
});

describe("a server that falls silent is abandoned", () => {
  const silent: Record<string, Handler> = {
    "before its headers": () => {},
    "within a body": (_, response, { range }) => {
      const [status, headers] = range ? [206, { "content-range": "bytes 0-9/10" }] : [200, {}];
      response.writeHead(status, headers).write("{");
    },
  };
  test.each(Object.entries(silent))("%s", async (_, handler) => {
    const { base, open } = await serve(handler);
    const source = openUrl(base, { idleTimeout: 60 });
    for (const read of [() => readText(source, "a.json"), () => openWeights(source)]) {
      expect((await formatErrorOf(read())).message).toMatch(/: the server sent nothing for 0\.06 s: http:/);
    }
    await until("end of the connection", () => open() === 0);
  });

  test("but not one that is slow, nor one whose reader is", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const idleTimeout = 800;
    let response: ServerResponse | undefined;
    const { base } = await serve((_, given) => {
      response = given.writeHead(200, { "content-length": 6 });
    });
    const { taken, fetch } = counting();
    const slow = readText(openUrl(base, { idleTimeout, fetch }), "a.json");
    await until("request", () => response);
    for (let sent = 1; sent <= 6; sent++) {
      vi.advanceTimersByTime(0.9 * idleTimeout);
      response?.write("x");
      await until("byte", () => taken.bytes === sent);
      await turns(10); // it is read
    }
    response?.end();
    expect(await slow).toBe("xxxxxx");

    const large = await serve(withoutRanges({ "a.bin": new Uint8Array(8 * mebibyte) }));
    const source = openUrl(large.base, { idleTimeout });
    await source.read("a.bin", 0, 1000);
    vi.advanceTimersByTime(10 * idleTimeout);
    expect(await source.read("a.bin", 7 * mebibyte, 8 * mebibyte)).toHaveLength(mebibyte);
  });

  test.each([0, -1, Number.NaN, "5" as unknown as number])("a limit of %s is none", (idleTimeout) => {
    expect(() => openUrl("http://localhost/m", { idleTimeout })).toThrow("openUrl: idleTimeout is ");
  });
});

test("an aborted reader does not end what others of the same source read", async () => {
  let answer: (() => void) | undefined; // to the first request
  const { base } = await serve((...all) => {
    const now = () => withoutRanges(files)(...all);
    if (answer) now();
    else answer = now;
  });
  const source = openUrl(base);
  const controller = new AbortController();
  const first = source.read("a.bin", 0, 10, { signal: controller.signal });
  const second = source.read("a.bin", 100, 110);
  await until("request", () => answer);
  controller.abort(new Error("left the page"));
  await expect(first).rejects.toThrow("left the page");
  answer?.();
  expect(await second).toEqual(numbered(300_000).slice(100, 110));
});

test("four requests run at a time, and those that wait end with their signal", async () => {
  const answers: (() => void)[] = [];
  const { base, seen } = await serve((...all) => void answers.push(() => withRanges(files)(...all)));
  const source = openUrl(base);
  const controller = new AbortController();
  const reads = Array.from({ length: 4 }, (_, i) => source.readWhole?.(`${i}.json`, 10));
  const waiting = readText(withSignal(source, controller.signal), "b.json");
  const last = readText(source, "b.json");
  await until("fourth request", () => seen.length === 4);
  controller.abort(new Error("left the page"));
  await expect(waiting).rejects.toThrow("left the page");
  for (const answer of answers.splice(0)) answer();
  expect(await Promise.all(reads)).toEqual([undefined, undefined, undefined, undefined]);
  await until("fifth request", () => seen.length === 5);
  for (const answer of answers) answer();
  expect(await last).toBe("{}");
});
