// Where Node keeps models of a hub, and whose cache it reads.
import fs, { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { openModel } from "../../../src/formats/hub/open-model.ts";
import { openModelCache } from "../../../src/formats/hub/open-model-cache.ts";
import { folderStore } from "../../../src/formats/hub/stores/folder.ts";
import { until } from "../../support/until.ts";
import { modelFiles, openHub, readModel, testCache } from "./hub-loading.ts";
import { commitOf, repository, startHub, type TestHub } from "./hub-server.ts";

const files = modelFiles();
let hub: TestHub;
beforeAll(async () => {
  hub = await startHub(files);
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.seen.length = 0;
});

describe("in Node", () => {
  const folder = async () => {
    const made = await mkdtemp(join(tmpdir(), "shaderformer-hub-"));
    onTestFinished(() => rm(made, { recursive: true, force: true }));
    return made;
  };
  beforeEach(() => {
    vi.stubEnv("HF_HUB_CACHE", "/nowhere");
    return () => vi.unstubAllEnvs();
  });

  test("a folder keeps models, where XDG_CACHE_HOME says", async () => {
    const home = await folder();
    vi.stubEnv("XDG_CACHE_HOME", home);
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    await readModel(await openModel(`hf:${repository}`), files);
    expect(await readdir(join(home, "shaderformer", "models"))).toHaveLength(1);
    hub.seen.length = 0;
    await readModel(await openModel(repository), files);
    expect(hub.seen.map(({ kind }) => kind)).toEqual(["api"]);
    expect((await (await openModelCache())?.list())?.[0]?.complete).toBe(true);
  });

  test("a folder that cannot be written is done without", async () => {
    const home = await folder();
    await writeFile(join(home, "file"), "");
    const warnings: string[] = [];
    const cache = await openModelCache({ folder: join(home, "file") });
    await readModel(await openHub(hub, { cache: cache ?? false, onWarning: (text) => warnings.push(text) }), files);
    expect(warnings).toEqual([expect.stringMatching(/it is not kept for the next time: /)]);
  });

  test("Hugging Face's own cache is read", async () => {
    const home = await folder();
    vi.stubEnv("HF_HUB_CACHE", "");
    vi.stubEnv("HF_HOME", home);
    const cached = join(home, "hub", "models--someone--tiny-model");
    const snapshot = join(cached, "snapshots", commitOf(files));
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(cached, "refs"));
    await mkdir(join(cached, "blobs"));
    await writeFile(join(cached, "refs", "main"), commitOf(files));
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(cached, "blobs", name), content);
      await symlink(join("..", "..", "blobs", name), join(snapshot, name));
    }
    await readModel(await openHub(hub, { cache: testCache().cache }), files);
    expect(hub.seen.map(({ kind }) => kind)).toEqual(["api"]);
    await hub.stop();
    await readModel(await openHub(hub, { cache: testCache().cache }), files);
    await hub.start();
    // A file of another size there is not the repository's.
    await writeFile(join(cached, "blobs", "model.safetensors"), "short");
    await readModel(await openHub(hub, { cache: testCache().cache }), files);
  });

  test("two processes take turns, and the lock of one that died is taken from it", async () => {
    const root = await folder();
    let looks = 0;
    const looking = { ...fs, stat: async (file: string) => await fs.stat(file).finally(() => looks++) };
    const [one, other] = [folderStore(fs, root), folderStore(looking as typeof fs, root)];
    const order: string[] = [];
    const first = one.locked("a b", undefined, async () => {
      order.push("begin");
      await until("second look of the other", () => looks >= 2);
      order.push("end");
    });
    await until("lock", () => order.length === 1);
    await other.locked("a b", undefined, async () => void order.push("other"));
    await first;
    expect(order).toEqual(["begin", "end", "other"]);
    await writeFile(join(root, "a-b.lock"), "");
    await utimes(join(root, "a-b.lock"), 0, 0);
    await one.locked("a b", undefined, async () => void order.push("later"));
    expect(order.at(-1)).toBe("later");
    expect(await readdir(root)).toEqual([]);
    const waiting = new AbortController();
    await writeFile(join(root, "a-b.lock"), "");
    const never = other.locked("a b", waiting.signal, async () => undefined);
    waiting.abort(new Error("left"));
    await expect(never).rejects.toThrow("left");
  });
});
