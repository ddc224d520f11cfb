// A hub that misbehaves by chance, in its description of a repository and in every answer. A load ends in time, with
// the bytes of the repository or an error that names what was wrong; nothing is kept for whole that is not; and once
// the hub behaves, the next load of the same cache has the model.
import { afterAll, beforeAll, expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { readTextIfPresent } from "../../src/formats/read-text.ts";
import type { FileSource } from "../../src/formats/source.ts";
import { openWeights } from "../../src/formats/weights.ts";
import type { Files } from "../formats/checkpoint-bytes.ts";
import { modelFiles, openHub, testCache } from "../formats/hub/hub-loading.ts";
import { answer, description, type Misbehaviour, startHub, type TestHub } from "../formats/hub/hub-server.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { until } from "../support/until.ts";

const { integer, uniform } = randomFor("hub");
const pick = <T>(values: readonly T[]): T => values[integer(values.length)] as T;

const versions = [modelFiles(1, 70_000), modelFiles(2, 70_000), modelFiles(3, 33_000)];
const texts = ["config.json", "tokenizer.json", "generation_config.json"];
let hub: TestHub;
beforeAll(async () => {
  hub = await startHub(versions[0] as Files);
});
afterAll(() => hub.close());

const begin = (range: string | undefined) => Number(/bytes=(\d+)/.exec(range ?? "")?.[1] ?? 0);

/** What is done to an answer. */
const faults: Readonly<Record<string, Misbehaviour>> = {
  "drops the connection before its headers": (_, __, response) => !!response.destroy(),
  "drops the connection within": ({ range }, content, response) => {
    const rest = content.subarray(begin(range));
    const all = { "content-range": `bytes ${begin(range)}-${content.length - 1}/${content.length}` };
    response.writeHead(206, { ...all, "content-length": rest.length });
    response.write(rest.subarray(0, integer(rest.length + 1)), () => response.destroy());
    return true;
  },
  "is silent": () => true,
  "is silent within": (_, content, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, integer(content.length)));
    return true;
  },
  "ignores the range": (_, content, response) => {
    response.writeHead(200, { "content-length": content.length }).end(content);
    return true;
  },
  "sends another range": ({ range }, content, response) => {
    answer(response, content, `bytes=${Math.max(0, begin(range) + integer(2000) - 1000)}-`, {});
    return true;
  },
  "sends a part of the range": ({ range }, content, response) => {
    answer(response, content, `bytes=${begin(range)}-${begin(range) + integer(30_000)}`, {});
    return true;
  },
  "states a range of any kind": (_, content, response) => {
    const range = pick(["bytes */*", "bytes 5-2/10", `bytes 0-9/${2 ** 60}`, "items 0-1/2", "bytes -5-9/20", ""]);
    response.writeHead(206, { "content-range": range }).end(content.subarray(0, 10));
    return true;
  },
  "sends other bytes": (_, content) => {
    const other = Buffer.from(content);
    for (let i = integer(5); i >= 0; i--) other[integer(other.length)] = integer(256);
    return other;
  },
  "sends less": (_, content) => content.subarray(0, integer(content.length)),
  "sends more": (_, content) => Buffer.concat([content, content.subarray(0, 1 + integer(100))]),
  "sends a page": (_, __, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Log in</title>");
    return true;
  },
  refuses: (_, __, response) => {
    const code = pick([400, 401, 403, 404, 408, 410, 416, 418, 429, 451, 500, 502, 503, 504, 599]);
    const wait = pick<Record<string, string>>([{}, { "retry-after": "0" }, { "retry-after": "soon" }]);
    response.writeHead(code, { ...wait, "x-error-code": pick(["", "GatedRepo", "RepoNotFound", "\u00ff"]) }).end("no");
    return true;
  },
  redirects: (_, __, response, request) => {
    const location = pick([
      request.url ?? "/",
      "file:///etc/hosts",
      "//",
      "http://127.0.0.1:1/",
      "javascript:1",
      "http://[",
    ]);
    response.writeHead(pick([301, 302, 303, 307, 308]), { location }).end();
    return true;
  },
};
type Fault = keyof typeof faults;

const hostile = [null, true, -1, 0, 1.5, 1e300, "", "x", "../../x", "a\\b", "\0", [], {}, "f".repeat(64), 2 ** 53];

/** The description with a value of it replaced, left out or repeated, or with its text cut or garbled. */
function mutated(files: Files): string {
  const made = description(files) as Record<string, unknown>;
  for (let i = integer(3); i >= 0; i--) {
    let at: Record<string, unknown> = made;
    for (;;) {
      const name = pick(Object.keys(at));
      const inner = at[name];
      const isInner = typeof inner === "object" && inner !== null && Object.keys(inner).length > 0;
      if (isInner && uniform() < 0.8) {
        at = inner as Record<string, unknown>;
        continue;
      }
      if (uniform() < 0.2 && !Array.isArray(at)) delete at[name];
      else at[name] = pick(hostile);
      break;
    }
  }
  const text = JSON.stringify(made);
  const how = integer(8);
  if (how === 0) return text.slice(0, integer(text.length));
  if (how === 1) return text.replace("{", '{"sha":"0",');
  if (how === 2) return `${text.slice(0, 20)}\u0000${text.slice(21)}`;
  return text;
}

/** Reads what the source says that there is, and checks that all of it is the content of one of these versions. */
async function read(source: FileSource, ...versions: readonly Files[]): Promise<void> {
  let left = versions;
  for (const name of texts) {
    const text = await readTextIfPresent(source, name);
    left = left.filter((files) => text === undefined || text === files[name]);
  }
  const weights = await openWeights(source);
  await source.prepare?.(["model.safetensors"]);
  for (const tensor of weights.tensors.values()) {
    for await (const bytes of weights.readInOrder([{ tensor, begin: 0, end: tensor.end - tensor.begin }])) {
      left = left.filter((files) => {
        const stored = files["model.safetensors"] as Uint8Array;
        return Buffer.compare(bytes, stored.subarray(tensor.begin, tensor.end)) === 0;
      });
    }
  }
  expect(left.length, "versions that have this content").toBeGreaterThan(0);
}

/** The message of a load's FormatError; "" where it has the model. Any other error is thrown. */
async function outcome(load: Promise<void>): Promise<string> {
  try {
    await load;
    return "";
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return error.message;
  }
}

test("a load ends with the model or with an error that names the file, and the next one has the model", async () => {
  const seen = new Map<string, number>();
  for (let attempt = 0; attempt < attempts(400, 18); attempt++) {
    const { cache, store } = testCache();
    const isDescribed = attempt % 4 === 3; // a false description, and files as they are
    const chosen = Array.from({ length: 1 + integer(3) }, () => pick(Object.keys(faults)));
    const chance = 0.1 + 0.9 * uniform();
    const log: string[] = [];
    hub.misbehave = (one, content, ...rest) => {
      if (isDescribed) return one.kind === "api" ? Buffer.from(mutated(hub.files)) : undefined;
      if (uniform() > chance) return undefined;
      const fault = pick(chosen) as Fault;
      log.push(`${one.kind} ${one.file} ${fault}`);
      return faults[fault]?.(one, content, ...rest);
    };
    // A former version is what a load has where the hub gives no answer now, but never a mixture of two.
    for (let load = 0; load < 3; load++) {
      if (uniform() < 0.3) hub.files = pick(versions);
      const before = hub.seen.length;
      const opened = openHub(hub, { cache, idleTimeout: 60 });
      const message = await outcome(opened.then((source) => read(source, ...versions)));
      const where = `attempt ${attempt}, load ${load}: ${isDescribed ? "a false description" : log.join(", ")}`;
      // Each of four files and the description is given up after five attempts that bring nothing, of a few requests.
      expect(hub.seen.length - before, where).toBeLessThan(200);
      expect(message.length, where).toBeLessThan(600);
      const kind = message.replace(/^.*?: /, "").replace(/[\d.]+|http:\S+|\b[0-9a-f]{8,}…?/g, "_");
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    await until("end of the requests", () => hub.open() === 0);
    hub.misbehave = undefined;
    await read(await openHub(hub, { cache }), hub.files);
    expect((await cache.list()).map(({ complete }) => complete)).toEqual([true]);
    // Nothing of former versions stays.
    expect((await store.list([])).length).toBe(1);
  }
  expect(seen.get("") ?? 0).toBeGreaterThan(10); // some loads go well
  expect(seen.size).toBeGreaterThan(5); // and others fail in different ways
});
