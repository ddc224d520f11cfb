// A GGUF file from everywhere that a model can come from.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openModel } from "../../src/formats/hub/open-model.ts";
import type { FileSource } from "../../src/formats/source.ts";
import { readModelFolder } from "../../src/generate/load/model-folder.ts";
import { planLoad } from "../../src/generate/load/plan-load.ts";
import { temporaryFolder } from "./checkpoint-bytes.ts";
import { tinyGguf } from "./gguf-tiny.ts";
import { testCache } from "./hub/hub-loading.ts";
import { repository, startHub, type TestHub } from "./hub/hub-server.ts";
import { serve, withoutRanges, withRanges } from "./loopback-server.ts";

const file = tinyGguf();
let hub: TestHub;
beforeAll(async () => {
  vi.stubEnv("HF_HUB_CACHE", "/nowhere");
  hub = await startHub({ "tiny-F16.gguf": file, "README.md": "A model." });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});

const options = () => ({ endpoint: hub.endpoint, retryDelay: 1, idleTimeout: 2000 });

/** Reads the model, and a tensor of it. */
async function check(source: FileSource): Promise<void> {
  const { config, weights, tokenizer, quantisation } = await readModelFolder(source);
  expect([config.architecture, config.width, quantisation]).toEqual(["LlamaForCausalLM", 8, "F16"]);
  expect(tokenizer.decode(tokenizer.encode("the cat"))).toBe("the cat");
  await source.prepare?.([...new Set([...weights.tensors.values()].map((tensor) => tensor.file))]);
  const norm = weights.get("model.norm.weight");
  const reads = [{ tensor: norm, begin: 0, end: norm.end - norm.begin }];
  for await (const bytes of weights.readInOrder(reads)) {
    expect(bytes).toEqual(file.slice(norm.begin, norm.end));
  }
}

describe("a GGUF file", () => {
  test("by its path", async () => {
    const folder = await temporaryFolder({ "m.gguf": file });
    const source = await openModel(join(folder, "m.gguf"));
    expect([source.name, source.gguf]).toEqual([join(folder, "m.gguf"), "m.gguf"]);
    await check(source);
    await expect(openModel(join(folder, "other.gguf")).then(check)).rejects.toThrow(
      /other\.gguf: there is no such file/,
    );
  });

  test("among files that were dropped, alone or in parts", async () => {
    await check(await openModel({ "m.gguf": new Blob([file]) }));
    const parts = { "m-00002-of-00002.gguf": new Blob([]), "m-00001-of-00002.gguf": new Blob([file]) };
    expect((await openModel(parts)).gguf).toBe("m-00001-of-00002.gguf");
    expect((await openModel({ "config.json": new Blob([]), "m.gguf": new Blob([]) })).gguf).toBeUndefined();
    await expect(openModel({ "a.gguf": new Blob([]), "b.gguf": new Blob([]) })).rejects.toThrow(
      /a\.gguf: is one of several models: a\.gguf, b\.gguf/,
    );
  });

  test.each([
    ["with ranges", withRanges],
    ["without ranges", withoutRanges],
  ])("by its address, from a server %s", async (_, handler) => {
    const { base } = await serve(handler({ "models/m.gguf": file }));
    await check(await openModel(`${base}/models/m.gguf`));
    const { cache } = testCache();
    await check(await openModel(`${base}/models/m.gguf`, { ...options(), cache }));
    await check(await openModel(`${base}/models/m.gguf`, { ...options(), cache }));
  });

  test("in a repository of a hub, by its name or its page, kept and planned", async () => {
    const { cache } = testCache();
    const name = `${repository}/tiny-F16.gguf`;
    const source = await openModel(name, { ...options(), cache });
    expect(source.name).toBe(name);
    await check(source);
    hub.seen.length = 0;
    await check(await openModel(`hf:${name}`, { ...options(), cache }));
    expect(hub.seen.map(({ kind }) => kind)).toEqual(["api"]);
    await check(
      await openModel(`${hub.endpoint}/${repository}/blob/main/tiny-F16.gguf`, { ...options(), cache: false }),
    );
    const plan = await planLoad(await openModel(name, { ...options(), cache }));
    expect([plan.quantisation, plan.chat, plan.downloadBytes, plan.cachedBytes]).toEqual([
      "F16",
      true,
      file.length,
      file.length,
    ]);
  });

  test("that a repository lacks, or has and was not named", async () => {
    const without = { ...options(), cache: false as const };
    await expect(openModel(`${repository}/other.gguf`, without)).rejects.toThrow(
      /someone\/tiny-model: has no file other\.gguf; it has tiny-F16\.gguf/,
    );
    await expect(openModel(repository, without)).rejects.toThrow(
      /has GGUF files \(tiny-F16\.gguf\): expected owner\/name\/file\.gguf, which names one/,
    );
  });
});
