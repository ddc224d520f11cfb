import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { HubOptions } from "../../../src/formats/hub/hub-options.ts";
import { until } from "../../support/until.ts";
import { formatErrorOf } from "../checkpoint-bytes.ts";
import { modelFiles, openHub, readModel, segmentBytes, testCache } from "./hub-loading.ts";
import { answer, type Misbehaviour, startHub, type TestHub } from "./hub-server.ts";

const files = modelFiles();
const weights = files["model.safetensors"] as Uint8Array;
let hub: TestHub;
beforeAll(async () => {
  hub = await startHub(files);
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.misbehave = undefined;
  hub.files = files;
  hub.seen.length = 0;
});

/** Of the requests of large files, those with this number, from 1 on; all others are answered properly. */
const only = (first: number, last: number, what: Misbehaviour): Misbehaviour => {
  let count = 0;
  return (one, ...rest) => {
    if (one.kind !== "cdn") return undefined;
    count++;
    return count >= first && count <= last ? what(one, ...rest) : undefined;
  };
};
const always = (what: Misbehaviour): Misbehaviour => only(1, Number.POSITIVE_INFINITY, what);

const begin = (range: string | undefined) => Number(/bytes=(\d+)/.exec(range ?? "")?.[1] ?? 0);
const flipped = (content: Buffer) => Buffer.from(content.map((byte, i) => (i === 100_000 ? byte ^ 1 : byte)));
const status =
  (code: number, headers: Record<string, string> = {}): Misbehaviour =>
  (_, __, response) => {
    response.writeHead(code, headers).end("no");
    return true;
  };
const cut =
  (after: (one: string | undefined) => number): Misbehaviour =>
  ({ range }, content, response) => {
    const rest = content.subarray(begin(range));
    response.writeHead(206, {
      "content-range": `bytes ${begin(range)}-${content.length - 1}/${content.length}`,
      "content-length": rest.length,
    });
    response.write(rest.subarray(0, after(range)), () => response.destroy());
    return true;
  };
const ignoring: Misbehaviour = (_, content, response) => {
  response.writeHead(200, { "content-length": content.length }).end(content);
  return true;
};

describe("a server that misbehaves in a way that ends in the whole model", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  test.each<[string, Misbehaviour]>([
    ["drops every connection at a random byte", always(cut(() => 1 + Math.floor(random() * 30_000)))],
    ["drops the connection before its first byte, four times", only(2, 5, (_, __, response) => !!response.destroy())],
    ["ignores ranges", always(ignoring)],
    [
      "ignores ranges, and drops the connection twice",
      only(2, 3, (one, content, response) => {
        response.writeHead(200, { "content-length": content.length });
        response.write(content.subarray(0, 40_000 + begin(one.range)), () => response.destroy());
        return true;
      }),
    ],
    ["sends other content once", only(2, 2, (_, content) => flipped(content))],
    ["answers 429 with Retry-After", only(1, 2, status(429, { "retry-after": "0" }))],
    ["answers 500, 503 and 504", only(1, 3, status(503))],
    [
      "answers with another range once",
      only(2, 2, (one, content, response) => {
        answer(response, content, `bytes=${begin(one.range) + 5}-`, {});
        return true;
      }),
    ],
    [
      "sends parts of what is requested",
      always((one, content, response) => {
        const first = begin(one.range);
        answer(response, content, `bytes=${first}-${Math.min(content.length - 1, first + 20_000)}`, {});
        return true;
      }),
    ],
    ["hangs before its headers once", only(2, 2, () => true)],
    [
      "hangs within the body once",
      only(2, 2, (_, content, response) => {
        response.writeHead(206, { "content-range": `bytes 0-${content.length - 1}/${content.length}` });
        response.write(content.subarray(0, 50_000));
        return true;
      }),
    ],
    [
      "sends no length and no range",
      always((one, content, response) => {
        response.writeHead(206).end(content.subarray(begin(one.range)));
        return true;
      }),
    ],
    [
      "sends other content for a small file once",
      (() => {
        let count = 0;
        return ({ file }) => (file === "config.json" && count++ === 0 ? Buffer.from("{}         ") : undefined);
      })(),
    ],
  ])("%s", async (_, misbehave) => {
    hub.misbehave = misbehave;
    const { cache } = testCache();
    await readModel(await openHub(hub, { cache, idleTimeout: 1000 }), files);
    expect((await cache.list()).map(({ complete, bytes }) => [complete, bytes > weights.length])).toEqual([
      [true, true],
    ]);
    // What is kept is what the server has, without a further request of a file.
    hub.misbehave = undefined;
    hub.seen.length = 0;
    await readModel(await openHub(hub, { cache }), files);
    expect(hub.seen.map(({ kind }) => kind)).toEqual(["api"]);
  });
});

describe("a server that misbehaves in a way that ends in a clear error, and in the model the next time", () => {
  const html: Misbehaviour = (_, __, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Log in</title>");
    return true;
  };
  test.each<[string, Misbehaviour, RegExp]>([
    [
      "sends other content",
      always((_, content) => flipped(content)),
      /^model\.safetensors: what the server sent has the SHA-256 \w{16}…, expected \w{16}…$/,
    ],
    [
      "sends a file that is cut",
      always((_, content) => content.subarray(0, 90_000)),
      /^model\.safetensors: has 90000 bytes on the server, expected \d+$/,
    ],
    [
      "sends more",
      always((_, content) => Buffer.concat([content, content])),
      /^model\.safetensors: (has \d+ bytes on the server, expected \d+|the server sent more than its \d+ bytes)$/,
    ],
    [
      "sends a page of HTML",
      always(html),
      /^model\.safetensors: there is no such file: the server answers with an HTML page at http:/,
    ],
    [
      "answers 404",
      always(status(404)),
      /^model\.safetensors: there is no such file \(HTTP 404\) in someone\/tiny-model$/,
    ],
    [
      "answers 429 without an end",
      always(status(429)),
      /^model\.safetensors: the server has had too many requests \(HTTP 429\); try again later: http:.* \(after 5 attempts\)$/,
    ],
    [
      "asks to wait an hour",
      always(status(429, { "retry-after": "3600" })),
      /^model\.safetensors: .* and asks to wait 3600 s; try again later: http:[^ ]*$/,
    ],
    ["answers 503 without an end", always(status(503)), /does not serve it now \(HTTP 503\)/],
    ["answers 403", always(status(403)), /the hub gives no access|has no access \(HTTP 403\)/],
    [
      "redirects in a circle",
      always((_, __, response, request) => {
        response.writeHead(302, { location: request.url }).end();
        return true;
      }),
      /redirects more than 10 times/,
    ],
    [
      "redirects to something else",
      always((_, __, response) => {
        response.writeHead(302, { location: "file:///etc/passwd" }).end();
        return true;
      }),
      /redirects to file:\/\/\/etc\/passwd, expected an http address/,
    ],
    ["hangs", always(() => true), /sent nothing for 0\.2 s/],
    [
      "drops every connection before a byte",
      always((_, __, response) => !!response.destroy()),
      /^model\.safetensors: could not be fetched from http:.*\(after 5 attempts\)$/,
    ],
    [
      "lacks a small file that it lists",
      ({ file }, _, response) => (file === "config.json" ? !!response.writeHead(404).end() || true : undefined),
      /^config\.json: there is no such file \(HTTP 404\)/,
    ],
    [
      "sends other content for a small file",
      ({ file }) => (file === "config.json" ? Buffer.from("{}         ") : undefined),
      /^config\.json: what the server sent has the git SHA-1/,
    ],
  ])("%s", async (_, misbehave, message) => {
    const { cache, store } = testCache();
    hub.misbehave = misbehave;
    const idleTimeout = message.source.includes("sent nothing") ? 200 : 5000;
    const load = async () => readModel(await openHub(hub, { cache, idleTimeout }), files);
    expect((await formatErrorOf(load())).message).toMatch(message);
    await until("end of the requests", () => hub.open() === 0);
    // Nothing is taken for whole that is not.
    for (const model of await store.list([])) {
      for (const folder of await store.list([model])) {
        const record = await store.open([model, folder, "file.json"]);
        const text = record && new TextDecoder().decode(await record.read(0, record.size));
        expect(text ?? "").not.toMatch(/"file":"model.safetensors".*"complete":true/);
      }
    }
    hub.misbehave = undefined;
    await readModel(await openHub(hub, { cache }), files);
    expect((await cache.list())[0]?.complete).toBe(true);
  });
});

/** Has the hub stop after so many bytes of the second request; options by which the reader leaves when it has them. */
function leaveWithin(bytes: number): HubOptions {
  const controller = new AbortController();
  hub.misbehave = only(2, 2, (_, content, response) => {
    response.writeHead(206, { "content-range": `bytes 0-${content.length - 1}/${content.length}` });
    response.write(content.subarray(0, bytes));
    return true;
  });
  const onProgress = ({ done }: { done: number }) => {
    if (done === bytes) controller.abort(new Error("left the page"));
  };
  return { signal: controller.signal, onProgress };
}

test("a download that was interrupted goes on where it ended, in another process too", async () => {
  const { cache } = testCache();
  const first = await openHub(hub, { cache, ...leaveWithin(100_000) });
  await expect(readModel(first, files)).rejects.toThrow("left the page");
  const [partial] = await cache.list();
  expect(partial?.complete).toBe(false);
  const whole = Math.floor(100_000 / segmentBytes) * segmentBytes;
  expect(partial?.bytes).toBeGreaterThanOrEqual(whole);

  hub.misbehave = undefined;
  hub.seen.length = 0;
  const progress: number[] = [];
  const fromCache: number[] = [];
  const onProgress = (one: { done: number; fromCache?: number }) => {
    progress.push(one.done);
    fromCache.push(one.fromCache ?? 0);
  };
  await readModel(await openHub(hub, { cache, onProgress }), files);
  const ranges = hub.seen.filter(({ kind }) => kind === "cdn").map(({ range }) => range);
  expect(ranges.at(-1)).toBe(`bytes=${whole}-`);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toBe(weights.length);
  expect(Math.max(...fromCache)).toBe(whole);
});

test("a repository that changed between two attempts is fetched afresh", async () => {
  const { cache } = testCache();
  await expect(readModel(await openHub(hub, { cache, ...leaveWithin(100_000) }), files)).rejects.toThrow("left");
  hub.misbehave = undefined;
  hub.files = modelFiles(2);
  hub.seen.length = 0;
  await readModel(await openHub(hub, { cache }), hub.files);
  expect(hub.seen.filter(({ kind }) => kind === "cdn").at(-1)?.range).toBe("bytes=0-");
  // And one that changed after it was kept.
  hub.files = { ...hub.files, "model.safetensors": weights };
  await readModel(await openHub(hub, { cache }), hub.files);
  expect(await cache.list()).toHaveLength(1);
});
