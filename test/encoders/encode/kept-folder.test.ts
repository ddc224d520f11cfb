import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { openModel } from "../../../src/formats/hub/open-model.ts";
import { testCache } from "../../formats/hub/hub-loading.ts";
import { serve, withRanges } from "../../formats/loopback-server.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

const folders = { "use-lite": "examples/models/use-lite", bert: "test/golden/bert" };

test.each(Object.entries(folders))(
  "%s loads again without its server, files that it does not have included",
  async (_, folder) => {
    const gpu = await quickGpu();
    const names = await readdir(folder);
    const files = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await readFile(`${folder}/${name}`)])),
    );
    const { base } = await serve((request, response, one) => {
      response.setHeader("etag", '"1"');
      withRanges(files)(request, response, one);
    });
    const { cache } = testCache();
    const failed: string[] = [];
    let down = false;
    const load = async () => {
      const fetched = async (url: string, init: RequestInit) => {
        if (!down) return await fetch(url, init);
        failed.push(url);
        throw new TypeError("fetch failed");
      };
      const source = await openModel(base, { cache, fetch: fetched, retryDelay: 1 });
      const encoder = await loadEncoder(gpu, source, { onWarning: () => {} });
      const { embeddings } = await encoder.embed(["a word"]);
      encoder.dispose();
      return embeddings;
    };
    const before = await load();
    down = true;
    expect(await load()).toEqual(before);
    expect(new Set(failed).size).toBe(failed.length);
  },
);
