// Folders on web servers of every kind: with and without versions of files, ranges and lengths, that drop connections
// and change what they have; and model folders whose optional files are missing or something else.
import { expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { openModel } from "../../src/formats/hub/open-model.ts";
import { readModelFolder } from "../../src/generate/load/model-folder.ts";
import { TextError } from "../../src/text/text-error.ts";
import type { Files } from "../formats/checkpoint-bytes.ts";
import { modelFiles, readModel, testCache } from "../formats/hub/hub-loading.ts";
import { serve } from "../formats/loopback-server.ts";
import { memorySource } from "../formats/memory-source.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { type Folder, folders, write } from "./model-folders/folders.ts";

const { integer, uniform } = randomFor("web folders");
const pick = <T>(values: readonly T[]): T => values[integer(values.length)] as T;

/** A server of a random kind, and its name. */
async function randomServer(current: () => { readonly files: Files; readonly version: number }) {
  const kind = {
    validator: pick(["none", "etag", "last-modified"]),
    ranges: uniform() < 0.8,
    length: uniform() < 0.8,
    drops: integer(4),
  };
  const dropped = new Map<string, number>();
  const { base, seen } = await serve((_, response, { url, range }) => {
    const { files, version } = current();
    const content = files[url.split("/").at(-1) ?? ""];
    if (content === undefined) return void response.writeHead(404).end();
    const bytes = Buffer.from(content);
    const headers: Record<string, string | number> = {};
    if (kind.validator === "etag") headers["etag"] = `"${version}"`;
    if (kind.validator === "last-modified") headers["last-modified"] = new Date(1e12 + 1e6 * version).toUTCString();
    const [, first, last] = (kind.ranges && /^bytes=(\d+)-(\d*)$/.exec(range ?? "")) || [];
    const begin = Number(first ?? 0);
    const end = Math.min(last ? Number(last) + 1 : bytes.length, bytes.length);
    if (first !== undefined) headers["content-range"] = `bytes ${begin}-${end - 1}/${bytes.length}`;
    if (kind.length) headers["content-length"] = end - begin;
    const count = dropped.get(url) ?? 0;
    dropped.set(url, count + 1);
    if (count >= kind.drops)
      return void response.writeHead(first === undefined ? 200 : 206, headers).end(bytes.subarray(begin, end));
    if (uniform() < 0.5) return void response.destroy();
    response.writeHead(first === undefined ? 200 : 206, headers);
    response.write(bytes.subarray(begin, begin + integer(end - begin)), () => response.destroy());
  });
  return { base, seen, name: JSON.stringify(kind) };
}

test("a folder of any server is read as it is, whether it is kept or not, and after it has changed", async () => {
  let [loads, requests] = [0, 0];
  for (let i = 0; i < attempts(200, 8); i++) {
    let version = 1;
    const { base, seen, name } = await randomServer(() => ({ files: modelFiles(version, 40_000), version }));
    const cache = uniform() < 0.7 ? testCache().cache : undefined;
    for (let load = 0; load < 3; load++) {
      const read = async () => readModel(await openModel(base, { cache, retryDelay: 0 }), modelFiles(version, 40_000));
      await expect(read(), `${name}, load ${load}`).resolves.toBeUndefined();
      loads++;
      if (uniform() < 0.4) version++;
    }
    requests += seen.length;
  }
  console.log(`web folders: ${loads} loads by ${requests} requests`);
}, 600_000);

test("optional files that are missing or something else: read, or refused with the file", async () => {
  const optional = [
    "generation_config.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "model.safetensors.index.json",
  ];
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const contents: Readonly<Record<string, () => Uint8Array | undefined>> = {
    missing: () => undefined,
    empty: () => new Uint8Array(),
    "another value": () => utf8(pick(["null", "[]", "7", '"x"', "true", '{"a": {"b": []}}', "{}"])),
    "a page": () => utf8("<!doctype html><title>Not found</title>"),
    "a pointer": () => utf8(`version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 1234\n`),
    bytes: () => Uint8Array.from({ length: integer(300) }, () => integer(256)),
  };
  const counts = { read: 0, refused: 0 };
  for (let i = 0; i < attempts(1500, 60); i++) {
    const files: Record<string, Uint8Array> = { ...write(pick(folders) as Folder) };
    const file = pick(optional);
    const what = pick(Object.keys(contents));
    const content = contents[what]?.();
    if (content) files[file] = content;
    else delete files[file];
    const error = await readModelFolder(memorySource(files)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    counts[error === undefined ? "read" : "refused"]++;
    if (error === undefined) continue;
    const says = `${file} is ${what}: ${String(error)}`;
    expect(error instanceof FormatError || error instanceof TextError, says).toBe(true);
    expect((error as Error).message, says).not.toMatch(/undefined|\[object|is not a function|Cannot read/);
  }
  console.log(`optional files: ${JSON.stringify(counts)}`);
  expect(counts.read).toBeGreaterThan(0);
});
