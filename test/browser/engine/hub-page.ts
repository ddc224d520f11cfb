// The page of model-cache.test.ts: loads a repository into the origin's storage, and damages what is kept there.
import { openModel } from "../../../src/formats/hub/open-model.ts";
import { modelCacheIn } from "../../../src/formats/hub/open-model-cache.ts";
import { cacheApiStore } from "../../../src/formats/hub/stores/cache-api.ts";
import { opfsStore } from "../../../src/formats/hub/stores/opfs.ts";

/** Where a page keeps files. */
export type StoreKind = "opfs" | "cache-api";

const file = "model.safetensors";
const segmentBytes = 64 << 10;

async function open(kind: StoreKind) {
  const store = await (kind === "opfs" ? opfsStore() : cacheApiStore());
  if (!store) throw new Error(`there is no ${kind} here`);
  return { store, cache: modelCacheIn(store, segmentBytes) };
}

const hex = (buffer: ArrayBuffer) =>
  [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export const hubTasks = {
  /** Loads the repository; returns the SHA-256 of its weights as they were read, and what was warned of. */
  async load(endpoint: string, repository: string, kind: StoreKind, token?: string) {
    const { cache } = await open(kind);
    const warnings: string[] = [];
    const progress: number[] = [];
    const source = await openModel(repository, {
      endpoint,
      token,
      cache,
      retryDelay: 10,
      onWarning: (text) => warnings.push(text),
      onProgress: ({ done }) => {
        progress.push(done);
        Object.assign(globalThis, { bytesThere: done });
      },
    });
    const size = await source.size(file);
    await source.prepare?.([file]);
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 100_000) {
      bytes.set(await source.read(file, at, Math.min(size, at + 100_000)), at);
    }
    const config = (await source.readWhole?.("config.json", 1000)) ?? new Uint8Array();
    const monotone = progress.every((done, i) => done >= (progress[i - 1] ?? 0));
    return {
      sha256: hex(await crypto.subtle.digest("SHA-256", bytes)),
      config: new TextDecoder().decode(config),
      warnings,
      monotone,
    };
  },
  /** Begins to load, and does not wait. */
  begin(endpoint: string, repository: string, kind: StoreKind): void {
    hubTasks.load(endpoint, repository, kind).catch(() => undefined);
  },
  bytesThere: (): number => Reflect.get(globalThis, "bytesThere") ?? 0,
  /** Changes a byte of a segment that is kept, or cuts it. */
  async damage(kind: StoreKind, cut: boolean): Promise<void> {
    const { store } = await open(kind);
    const [model = ""] = await store.list([]);
    const path = [model, file, "000001"];
    const stored = await store.open(path);
    const bytes = (await stored?.read(0, stored.size)) ?? new Uint8Array();
    bytes[9] = (bytes[9] ?? 0) ^ 1;
    await store.write(path, cut ? bytes.slice(0, 100) : bytes);
  },
  async list(kind: StoreKind) {
    const { cache } = await open(kind);
    return { models: await cache.list(), estimate: await cache.estimate() };
  },
  async deleteAll(kind: StoreKind): Promise<void> {
    const { cache } = await open(kind);
    await cache.deleteAll();
  },
};

Object.assign(globalThis, { hubTasks });
