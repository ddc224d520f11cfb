// Measuring a loaded model's kernels, the same on every side of a port.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { bundledModel, goldenPrompts } from "../support/bundled.ts";

const [golden = goldenPrompts[0]] = goldenPrompts;
const greedy = { prompt: golden?.prompt ?? "", temperature: 0, maxTokens: 16 };

/** Passes over models of an engine, whose device uses from then on what they find: the last tests of a file. */
export function testTuning(engineOf: () => Engine): void {
  test("a pass ends when it is aborted; a load uses what it stored, and the text stays the same", async () => {
    const folder = await mkdtemp(join(tmpdir(), "shaderformer-tuning-"));
    vi.stubEnv("XDG_CACHE_HOME", folder);
    try {
      const engine = engineOf();
      const plain = await engine.load(bundledModel, { id: "tuned", tuned: true, context: 64 });
      expect(plain.tuned).toBe(0); // nothing is stored
      const stop = new AbortController();
      const keys: string[] = [];
      const { rows, ...rest } = await engine.tune({
        budget: 60_000,
        signal: stop.signal,
        onProgress: ({ key, done, total }) => {
          expect(total).toBeGreaterThan(20);
          keys.push(key);
          if (done === 2) stop.abort();
        },
      });
      expect(rest).toMatchObject({ aborted: true, stored: true, left: expect.any(Number) });
      expect(rest.left).toBeGreaterThan(10);
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.map(({ key }) => key)).toEqual(keys.slice(0, rows.length));
      expect(await readdir(folder, { recursive: true })).toContainEqual(expect.stringMatching(/tuning.*\.json$/));

      await engine.unload("tuned");
      const info = await engine.load(bundledModel, { id: "tuned", tuned: true, context: 64 });
      expect(info.tuned).toBe(rows.length);
      const { text } = await engine.generate({ ...greedy, model: "tuned" }).result;
      expect(golden?.greedyText.startsWith(text)).toBe(true);
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("unloading the model ends its pass; a model that is not loaded, and a stopped signal, are refused", async () => {
    const engine = engineOf();
    let unloading: Promise<void> | undefined;
    const { aborted, stored } = await engine.tune({
      model: "tuned",
      store: false,
      onProgress: () => {
        unloading ??= engine.unload("tuned");
      },
    });
    await unloading;
    expect([aborted, stored]).toEqual([true, false]);
    expect((await engine.loaded()).map(({ id }) => id)).toEqual(["voices"]);
    await expect(engine.tune({ model: "tuned" })).rejects.toMatchObject({ name: "RequestError", status: 404 });
    await expect(engine.tune({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
}
