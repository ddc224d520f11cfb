import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openModel } from "../../../src/formats/hub/open-model.ts";
import { modelCacheIn } from "../../../src/formats/hub/open-model-cache.ts";
import type { Store } from "../../../src/formats/hub/stores/store.ts";
import { formatErrorOf } from "../checkpoint-bytes.ts";
import { serve, withRanges } from "../loopback-server.ts";
import { modelFiles, openHub, readModel, segmentBytes, testCache } from "./hub-loading.ts";
import { repository, startHub, type TestHub } from "./hub-server.ts";

const files = modelFiles();
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
const ranges = () => hub.seen.filter(({ kind }) => kind === "cdn").map(({ range }) => range);

/** The paths of what a store holds, under the first model. */
async function paths(store: Store): Promise<string[][]> {
  const [model = ""] = await store.list([]);
  const all: string[][] = [];
  for (const file of await store.list([model])) {
    for (const name of await store.list([model, file])) all.push([model, file, name]);
  }
  return all;
}

/** A model that was kept, in a cache in memory. */
async function kept() {
  const made = testCache();
  await readModel(await openHub(hub, { cache: made.cache }), files);
  hub.seen.length = 0;
  return made;
}

describe("what is kept and is damaged is found, and fetched again", () => {
  const segment = (name: string) => (path: readonly string[]) => path[1] === "model.safetensors" && path[2] === name;
  const bytesOf = async (store: Store, path: readonly string[]) => {
    const stored = await store.open(path);
    return (await stored?.read(0, stored.size)) ?? new Uint8Array();
  };
  const change = (at: number) => async (store: Store, path: readonly string[]) => {
    const bytes = await bytesOf(store, path);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await store.write(path, bytes);
  };
  const cut = async (store: Store, path: readonly string[]) =>
    store.write(path, (await bytesOf(store, path)).slice(0, -1));
  const remove = (store: Store, path: readonly string[]) => store.delete(path);
  const one = [`bytes=${3 * segmentBytes}-${4 * segmentBytes - 1}`];

  test.each<[string, string, (store: Store, path: readonly string[]) => Promise<void>, readonly string[] | undefined]>([
    ["a byte of a segment", "000003", change(77), one],
    ["the length of a segment", "000003", cut, one],
    ["a segment that is gone", "000003", remove, one],
    ["a record that is cut", "file.json", cut, ["bytes=0-262143", "bytes=0-"]],
    ["a record that is gone", "file.json", remove, ["bytes=0-262143", "bytes=0-"]],
    [
      "a record of something else",
      "file.json",
      (store, path) =>
        store.write(path, new TextEncoder().encode('{"version":1,"file":"model.safetensors","complete":true}')),
      ["bytes=0-262143", "bytes=0-"],
    ],
  ])("%s", async (_, name, damage, requested) => {
    const { cache, store } = await kept();
    const path = (await paths(store)).find(segment(name)) ?? [];
    await damage(store, path);
    await readModel(await openHub(hub, { cache }), files);
    expect(ranges()).toEqual(requested);
    hub.seen.length = 0;
    await readModel(await openHub(hub, { cache }), files);
    expect(ranges()).toEqual([]); // it is whole again
  });

  test("the record of the model, and a text", async () => {
    const { cache, store } = await kept();
    const [model = ""] = await store.list([]);
    await store.write([model, "model.json"], new TextEncoder().encode("[".repeat(100_000)));
    await change(3)(store, [model, "config.json", "000000"]);
    await readModel(await openHub(hub, { cache }), files);
    expect(ranges()).toEqual([]);
    expect(await cache.list()).toHaveLength(1);
  });

  test("without a network it says so", async () => {
    const { cache, store } = await kept();
    const path = (await paths(store)).find(segment("000003")) ?? [];
    await change(5)(store, path);
    await hub.stop();
    const error = await formatErrorOf(openHub(hub, { cache }).then((source) => readModel(source, files)));
    await hub.start();
    expect(error.message).toMatch(
      new RegExp(
        `^model.safetensors: what is kept of it is damaged at byte ${3 * segmentBytes}, and cannot be fetched again: `,
      ),
    );
  });
});

test("without a network, a model that is kept loads, and one that is not says what to do", async () => {
  const { cache } = await kept();
  await hub.stop();
  try {
    await readModel(await openHub(hub, { cache }), files);
    expect((await formatErrorOf(openHub(hub, { cache: testCache().cache }))).message).toMatch(
      /^someone\/tiny-model: http:\/\/127\.0\.0\.1:\d+ cannot be reached, and nothing of it is kept here: check the connection, or the address of the hub/,
    );
  } finally {
    await hub.start();
  }
});

test("where there is no room, the model is read from the server, and a warning says so", async () => {
  const full = new DOMException("no room", "QuotaExceededError");
  for (const allowed of [0, 3, 7]) {
    const { store } = testCache();
    let writes = 0;
    const write: Store["write"] = async (path, bytes) => {
      if (writes++ >= allowed) throw full;
      await store.write(path, bytes);
    };
    const warnings: string[] = [];
    const cache = modelCacheIn({ ...store, write }, segmentBytes);
    await readModel(await openHub(hub, { cache, onWarning: (text) => warnings.push(text) }), files);
    expect(warnings).toEqual([
      "someone/tiny-model: it is not kept for the next time: the storage that this place may use is full",
    ]);
    expect((await paths(store)).filter(([, file]) => file === "model.safetensors")).toEqual([]);
  }
  const { store } = testCache();
  const cache = modelCacheIn({ ...store, estimate: async () => ({ used: 0, free: 10_000 }) }, segmentBytes);
  const warnings: string[] = [];
  await readModel(await openHub(hub, { cache, onWarning: (text) => warnings.push(text) }), files);
  expect(warnings).toEqual([
    "someone/tiny-model: it is not kept for the next time: it takes 150071 bytes more, and there is room for 10000 bytes",
  ]);
});

test("two loads at the same time download the weights once", async () => {
  const { cache } = testCache();
  const load = async () => readModel(await openHub(hub, { cache }), files);
  await Promise.all([load(), load(), load()]);
  expect(ranges().filter((range) => range === "bytes=0-")).toHaveLength(1);
});

test("what is kept is listed and deleted, also while it is downloaded", async () => {
  const { cache, store } = await kept();
  const [model] = await cache.list();
  expect(model).toMatchObject({ name: repository, complete: true });
  expect(model?.bytes).toBe(
    Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content as string), 0),
  );
  expect((await cache.estimate()).used).toBeGreaterThan(0);
  await cache.delete("nothing");
  await cache.delete(model?.id ?? "");
  expect([await cache.list(), await paths(store)]).toEqual([[], []]);

  let deleted: Promise<void> | undefined;
  const onProgress = ({ done }: { done: number }) => {
    if (done > 60_000) deleted ??= cache.deleteAll();
  };
  await readModel(await openHub(hub, { cache, onProgress }), files);
  await deleted;
  hub.seen.length = 0;
  await readModel(await openHub(hub, { cache }), files);
});

describe("a token", () => {
  test("goes to the hub's origin alone", async () => {
    await readModel(await openHub(hub, { cache: false, token: "hf_secret" }), files);
    expect(new Set(hub.seen.filter(({ kind }) => kind !== "cdn").map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer hf_secret"]),
    );
    expect(new Set(hub.seen.filter(({ kind }) => kind === "cdn").map(({ authorization }) => authorization))).toEqual(
      new Set([undefined]),
    );
  });

  test("that no one has is refused before a request", async () => {
    expect((await formatErrorOf(openHub(hub, { token: "hf_a\nb" }))).message).toMatch(/^token: has characters/);
    expect(hub.seen).toEqual([]);
  });
});

test.each([
  [
    401,
    "GatedRepo",
    undefined,
    /its owner gives access on request \(HTTP 401\): accept the terms at http:.*someone\/tiny-model, and give a token/,
  ],
  [
    401,
    "RepoNotFound",
    undefined,
    /there is no public repository of this name; check the name, or if it is private or gated \(HTTP 401\)/,
  ],
  [401, "", "hf_old", /the hub refuses the token \(HTTP 401\): make another at http:.*\/settings\/tokens/],
  [
    403,
    "GatedRepo",
    "hf_mine",
    /the account of the token has no access \(HTTP 403\): ask for it at http:.*someone\/tiny-model/,
  ],
  [404, "RepoNotFound", "hf_mine", /there is no such repository \(HTTP 404\): check the name at http:/],
  [404, "RevisionNotFound", "hf_mine", /there is no revision main \(HTTP 404\): its branches and tags are at http:/],
])("HTTP %i %s with the token %s says what to do", async (status, code, token, message) => {
  hub.misbehave = (_, __, response) => {
    response.writeHead(status, { "x-error-code": code }).end("no");
    return true;
  };
  expect((await formatErrorOf(openHub(hub, { cache: false, token }))).message).toMatch(message);
  // And where the description is public, but the files are not.
  hub.misbehave = ({ kind }, _, response) => {
    if (kind === "api") return undefined;
    response.writeHead(status, { "x-error-code": code }).end("no");
    return true;
  };
  const source = await openHub(hub, { cache: testCache().cache, token });
  expect((await formatErrorOf(readModel(source, files))).message).toMatch(/HTTP 40\d/);
});

test("a folder on a web server is kept where a cache is given, until it changes there", async () => {
  const { cache } = testCache();
  let served = files;
  let version = 1;
  const { base, seen } = await serve((request, response, one) => {
    response.setHeader("etag", `"${version}"`);
    withRanges(served)(request, response, one);
  });
  const load = async () => readModel(await openModel(base, { cache, retryDelay: 1 }), served);
  await load();
  const first = seen.length;
  await load();
  expect(seen.slice(first).filter(({ range }) => range !== "bytes=0-0")).toEqual([]);
  served = modelFiles(3);
  version = 2;
  await load();
  expect((await cache.list()).map(({ name, complete }) => [name, complete])).toEqual([[base, true]]);
});

test("a folder that is kept loads without its server, which is asked for each file once at most", async () => {
  const { cache } = testCache();
  const asked: string[] = [];
  let down = false;
  const load = async (from: string) => {
    const counting = async (url: string, init: RequestInit) => {
      asked.push(url);
      if (down) throw new TypeError("fetch failed");
      return await fetch(url, init);
    };
    await readModel(await openModel(from, { cache, fetch: counting, retryDelay: 1 }), files);
  };
  const { base } = await serve((request, response, one) => {
    response.setHeader("etag", '"1"');
    withRanges(files)(request, response, one);
  });
  await load(base);
  down = true;
  asked.length = 0;
  await load(base);
  expect(asked.length).toBeGreaterThan(0);
  expect(new Set(asked).size).toBe(asked.length);
});
