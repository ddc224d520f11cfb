// A folder on a web server that names no version of its files, drops connections, or has something else in their place.
import { expect, test } from "vitest";
import { readGgufHeader } from "../../../src/formats/gguf/header.ts";
import type { HubOptions } from "../../../src/formats/hub/hub-options.ts";
import { openModel } from "../../../src/formats/hub/open-model.ts";
import { readJson, readTextIfPresent } from "../../../src/formats/read-text.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import { type Files, formatErrorOf } from "../checkpoint-bytes.ts";
import { type Handler, type Seen, serve } from "../loopback-server.ts";
import { memorySource } from "../memory-source.ts";
import { modelFiles, readModel, segmentBytes, testCache } from "./hub-loading.ts";
import { answer } from "./hub-server.ts";

/** A server without ETag and Last-Modified, whose files may change; what `before` answers itself it says by true. */
async function folder(files: Files, before: (one: Seen, ...rest: Parameters<Handler>) => boolean = () => false) {
  const served = { files };
  const { base, seen } = await serve((request, response, one) => {
    if (before(one, request, response, one)) return;
    const content = served.files[fileOf(one)];
    if (content === undefined) return void response.writeHead(404).end("none");
    answer(response, Buffer.from(content), one.range, {});
  });
  const load = async (options: HubOptions = {}, expected = served.files) =>
    await readModel(await openModel(base, { retryDelay: 0, ...options }), expected);
  return { served, base, seen, load };
}
const fileOf = ({ url }: Seen) => url.split("/").at(-1) ?? "";
/** Bytes of weights that requests are for. */
const bytesAsked = (seen: readonly Seen[]) =>
  seen
    .filter((one) => fileOf(one) === "model.safetensors")
    .map(({ range }) => /bytes=(\d+)-(\d*)/.exec(range ?? ""))
    .reduce((sum, match) => sum + (match?.[2] ? Number(match[2]) + 1 - Number(match[1]) : Number.POSITIVE_INFINITY), 0);

test("what is kept of a server that names no version is used where length and samples are the same", async () => {
  const { cache } = testCache();
  const { served, seen, load } = await folder(modelFiles());
  await load({ cache });
  seen.length = 0;
  await load({ cache });
  expect(bytesAsked(seen)).toBeLessThanOrEqual(1 + 3 * segmentBytes);
  expect(seen.length).toBeLessThanOrEqual(14);
  served.files = modelFiles(2); // as long, and other bytes all over
  await load({ cache });
  seen.length = 0;
  await load({ cache });
  expect(bytesAsked(seen)).toBeLessThanOrEqual(1 + 3 * segmentBytes);
  const warnings: string[] = [];
  const offline = async () => Promise.reject(new TypeError("fetch failed"));
  await load({ cache, fetch: offline, onWarning: (warning) => warnings.push(warning) });
  expect(warnings).toEqual([]);
});

test("a download from such a server goes on where it ended, and anew where the server has other bytes", async () => {
  for (const seed of [1, 2]) {
    const { cache } = testCache();
    const controller = new AbortController();
    let left = false;
    const { served, seen, load } = await folder(modelFiles(1), ({ range }, _, response) => {
      if (left || range !== "bytes=0-") return false;
      const content = Buffer.from(modelFiles(1)["model.safetensors"] ?? "");
      response.writeHead(206, { "content-range": `bytes 0-${content.length - 1}/${content.length}` });
      response.write(content.subarray(0, 3 * segmentBytes + 100));
      return true;
    });
    const onProgress = ({ done }: { readonly done: number }) => {
      if (done > 3 * segmentBytes) controller.abort(new Error("left the page"));
    };
    await expect(load({ cache, signal: controller.signal, onProgress })).rejects.toThrow("left the page");
    left = true;
    seen.length = 0;
    served.files = modelFiles(seed);
    await load({ cache });
    const open = seen.flatMap(({ range }) => (range?.endsWith("-") ? [range] : []));
    expect(open).toEqual([seed === 1 ? `bytes=${3 * segmentBytes}-` : "bytes=0-"]);
  }
});

test("of a server that ignores ranges too, what is kept is not used, and a warning says so", async () => {
  const { cache } = testCache();
  const files = modelFiles();
  const { load } = await folder(files, (one, _, response) => {
    const content = files[fileOf(one)];
    if (content === undefined) return false;
    const bytes = Buffer.from(content);
    response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    return true;
  });
  const warnings: string[] = [];
  const onWarning = (warning: string) => warnings.push(warning);
  await load({ cache, onWarning });
  expect(warnings).toEqual([]);
  await load({ cache, onWarning });
  expect(warnings).toEqual([
    expect.stringMatching(/^http:.* what is kept of it is not used, since its server names no/),
  ]);
});

test("without a cache, dropped connections and 429 with Retry-After are tried again", async () => {
  const failures = new Map<string, number>();
  const { load, seen } = await folder(modelFiles(), (one, _, response) => {
    const count = failures.get(one.url) ?? 0;
    failures.set(one.url, count + 1);
    if (count === 0) response.writeHead(429, { "retry-after": "0" }).end("later");
    if (count === 1) response.destroy();
    return count < 2;
  });
  await load();
  expect(seen.length).toBeGreaterThan(10);
});

test("attempts that get further do not count against the five, for texts as for weights", async () => {
  const files: Files = { ...modelFiles(), "tokenizer.json": JSON.stringify({ text: "x".repeat(20_000) }) };
  // Each connection ends after so many bytes: more than ten are needed.
  const { load } = await folder(files, (one, _, response) => {
    const content = Buffer.from(files[fileOf(one)] ?? "");
    const begin = Number(/bytes=(\d+)/.exec(one.range ?? "")?.[1] ?? 0);
    const last = Number(/-(\d+)$/.exec(one.range ?? "")?.[1] ?? content.length - 1);
    const rest = content.subarray(begin, last + 1);
    const most = fileOf(one) === "tokenizer.json" ? 1800 : 15_000;
    if (rest.length <= most) return false;
    const end = Math.min(last, content.length - 1);
    const ranged = { "content-range": `bytes ${begin}-${end}/${content.length}` };
    response.writeHead(one.range ? 206 : 200, { ...(one.range ? ranged : {}), "content-length": rest.length });
    response.write(rest.subarray(0, most), () => response.destroy());
    return true;
  });
  await load();
  await load({ cache: testCache().cache });
});

test("five attempts that fail are five requests, and are said once", async () => {
  for (const cache of [undefined, testCache().cache]) {
    const { seen, load } = await folder(modelFiles(), (_, __, response) => !!response.destroy());
    const { message } = await formatErrorOf(load({ cache }));
    expect(message).toMatch(/^config\.json: could not be fetched from http:.*[^)] \(after 5 attempts\)$/);
    expect(seen).toHaveLength(5);
  }
});

test("a Git LFS pointer is named as what it is", async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"ab".repeat(32)}\nsize 4943162336\n`;
  const names = ["model.safetensors", "tokenizer.json", "tiny.gguf"];
  const source = memorySource(Object.fromEntries(names.map((name) => [name, new TextEncoder().encode(pointer)])));
  const says = (file: string) =>
    `${file}: is a Git LFS pointer in place of the file of 4943162336 bytes: fetch it with "git lfs pull"`;
  await expect(openWeights(source)).rejects.toThrow(says("model.safetensors"));
  await expect(readJson(source, "tokenizer.json")).rejects.toThrow(says("tokenizer.json"));
  await expect(readGgufHeader(source, "tiny.gguf")).rejects.toThrow(says("tiny.gguf"));
  expect(await readTextIfPresent(source, "chat_template.jinja")).toBeUndefined();
});
