import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { openUrl } from "../../src/formats/http/url.ts";
import { readEarly } from "../../src/formats/read-early.ts";
import { readText } from "../../src/formats/read-text.ts";
import { type FileSource, headBytes, withSignal } from "../../src/formats/source.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { safetensors } from "../formats/checkpoint-bytes.ts";
import { atTurn } from "../support/devices/at-moment.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { turns, until } from "../support/until.ts";

// Servers that fail in every way, aborts at any moment. A load ends, either with the bytes that the server has,
// or with an error that names the file, or with the reason of the abort; and it leaves no connection open.

const { integer, uniform } = randomFor("loading");
const pick = <T>(values: readonly T[]): T => values[integer(values.length)] as T;

const random = (length: number) => Uint8Array.from({ length }, () => integer(256));
const tensors = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => {
    const length = i === 3 ? 300_000 : 1 + integer(20_000);
    return [`t${i}`, { dtype: "U8", shape: [length], bytes: random(length) }];
  }),
);
const shards = [Object.entries(tensors).slice(0, 5), Object.entries(tensors).slice(5)].map((part) =>
  safetensors(Object.fromEntries(part)),
);
const weightMap = Object.fromEntries(Object.keys(tensors).map((name, i) => [name, `s${i < 5 ? 0 : 1}.safetensors`]));
const texts = { "config.json": `{"a": "${"x".repeat(5000)}"}`, "tokenizer.json": "[1]" };
const folders: readonly Readonly<Record<string, Uint8Array | string>>[] = [
  { ...texts, "model.safetensors": safetensors(tensors) },
  {
    ...texts,
    "model.safetensors.index.json": JSON.stringify({ weight_map: weightMap }),
    "s0.safetensors": shards[0] ?? "",
    "s1.safetensors": shards[1] ?? "",
  },
];

/** What a server does to a response. */
const faults = {
  none: "",
  "is silent": "before its headers",
  "is silent within": "after a part of the body",
  "closes the connection": "before its headers",
  "closes the connection within": "after a part of the body",
  "sends less": "than its length states",
  "sends more": "than the range that was asked for",
  "sends another range": "than was asked for",
  "sends no length": "",
  "ignores the range": "",
  compresses: "",
  "is slow": "",
  fails: "HTTP 500",
  "lacks the file": "HTTP 404",
  "sends a page": "of HTML",
  "redirects in a circle": "",
  "sends a bomb": "of zeros",
  "hides its ranges": "",
} as const;
type Fault = keyof typeof faults;

/** The behaviour of the server in an attempt: a fault of some requests, by chance. */
let behaviour: { files: (typeof folders)[number]; ranges: boolean; fault: Fault; chance: number } | undefined;
let open = 0;
/** Requests made so far: some have yet to arrive at the server. */
let requests = 0;
const counted = (url: string, init: RequestInit) => {
  requests++;
  return fetch(url, init);
};
const bomb = gzipSync(new Uint8Array(4 << 20));

function respond(request: IncomingMessage, response: ServerResponse): void {
  if (!behaviour) return void response.destroy();
  const { files, ranges, chance } = behaviour;
  const fault = uniform() < chance ? behaviour.fault : "none";
  const content = files[(request.url ?? "").split("/").at(-1) ?? ""];
  if (fault === "is silent") return;
  if (fault === "closes the connection") return void response.destroy();
  if (fault === "fails") return void response.writeHead(500).end("oh");
  if (fault === "sends a page")
    return void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
  if (fault === "redirects in a circle") return void response.writeHead(302, { location: request.url }).end();
  if (content === undefined || fault === "lacks the file") return void response.writeHead(404).end("none");
  const whole = Buffer.from(content);
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const partial = ranges && first !== undefined && fault !== "ignores the range";
  const shift = fault === "sends another range" ? 1 : 0;
  const begin = partial ? Number(first) + shift : 0;
  const end = partial ? Math.min(Number(last) + 1 + shift, whole.length) : whole.length;
  if (fault === "sends a bomb") {
    response.writeHead(partial ? 206 : 200, { "content-encoding": "gzip" });
    return void response.end(bomb);
  }
  let body = whole.subarray(begin, end);
  const headers: Record<string, string | number> = {};
  if (partial && fault !== "hides its ranges") headers["content-range"] = `bytes ${begin}-${end - 1}/${whole.length}`;
  if (fault === "compresses" && !partial) {
    headers["content-encoding"] = "gzip";
    body = gzipSync(body);
  }
  if (fault !== "sends no length") headers["content-length"] = body.length;
  if (fault === "sends less") body = body.subarray(0, body.length / 2);
  if (fault === "sends more" && partial) {
    delete headers["content-length"];
    body = Buffer.concat([body, Buffer.from("more")]);
  }
  response.writeHead(partial ? 206 : 200, headers);
  if (request.method === "HEAD") return void response.end();
  if (fault.endsWith("within")) {
    return void response.write(body.subarray(0, body.length / 2), () => {
      if (fault !== "is silent within") response.destroy();
    });
  }
  if (fault === "is slow") {
    return void response.write(body.subarray(0, body.length / 2), async () => {
      await turns(20);
      response.end(body.subarray(body.length / 2));
    });
  }
  if (fault === "sends less") return void response.write(body, () => response.destroy());
  response.end(body);
}

const server = createServer((request, response) => {
  open++;
  response.on("close", () => open--);
  respond(request, response);
});
let base = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Reads a folder as a load does: texts, extents, and all bytes in the order of the files. */
async function read(source: FileSource, files: (typeof folders)[number]): Promise<void> {
  for (const [name, text] of Object.entries(texts)) expect(await readText(source, name, { limit: 20_000 })).toBe(text);
  const weights = await openWeights(source);
  const all = [...weights.tensors.values()].map((tensor) => ({ tensor, begin: 0, end: tensor.end - tensor.begin }));
  let index = 0;
  for await (const bytes of weights.readInOrder(all)) {
    const { tensor } = all[index++] ?? {};
    const stored = files[tensor?.file ?? ""] as Uint8Array;
    expect(Buffer.compare(bytes, stored.subarray(tensor?.begin, tensor?.end))).toBe(0);
  }
  expect(index).toBe(Object.keys(tensors).length);
}

/** How many continuations there are at most after an abort, and how many requests a load makes at most. */
const [maxTurns, maxRequests] = [500, 40];

test("a load from a server that fails, or that is aborted, ends in one of three ways", async () => {
  const counts = new Map<string, number>();
  const left = new Error("left the page");
  for (let attempt = 0; attempt < attempts(3000, 90); attempt++) {
    const names = Object.keys(faults) as Fault[];
    const fault = names[attempt % names.length] ?? "none";
    const files = pick(folders);
    behaviour = { files, ranges: uniform() < 0.6, fault, chance: pick([1, 0.5, 0.2]) };
    const what = `attempt ${attempt}: ${fault} ${faults[fault]}, ranges ${behaviour.ranges}`;
    const controller = new AbortController();
    const ended = new AbortController();
    controller.signal.addEventListener("abort", () => ended.abort(left));
    const aborts = uniform() < 0.3;
    const turn = aborts ? 1 + integer(400) : Number.POSITIVE_INFINITY;
    const moment = atTurn(turn, () => controller.abort());
    const before = requests;
    const early = {
      whole: { "config.json": 20_000, "tokenizer.json": 20_000 },
      heads: { "model.safetensors": headBytes },
    };
    const idleTimeout = fault.startsWith("is silent") ? 100 : 5000;
    const source = readEarly(withSignal(openUrl(base, { idleTimeout, fetch: counted }), ended.signal), early);
    const outcome = await read(source, files).then(
      () => "the bytes",
      (error: unknown) => error,
    );
    const all = moment.finish();
    ended.abort();
    const after = requests;
    expect(after - before, what).toBeLessThan(maxRequests);
    if (outcome === left) expect(all - turn, what).toBeLessThan(maxTurns);
    if (outcome !== "the bytes" && outcome !== left) {
      expect(outcome, what).toBeInstanceOf(FormatError);
      expect((outcome as FormatError).message, what).toMatch(/^(\w[\w.]*\.(json|safetensors)|http:[^ ]*): ./);
      expect(fault, `${what}: ${outcome}`).not.toBe("none");
    }
    if (attempt % 10 === 0) {
      await until(`end of the connections of ${what}`, () => open === 0);
      expect(requests, what).toBe(after);
    }
    const kind = outcome === "the bytes" ? outcome : outcome === left ? "aborted" : "refused";
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  console.log(`loading: ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(", ")}`);
  expect(counts.size).toBe(3);
}, 600_000);
