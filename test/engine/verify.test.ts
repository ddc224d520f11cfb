import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine } from "../../src/engine/create-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { bundledModel } from "../support/bundled.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.dispose());

test("weights that hold NaN are refused by name, and loaded where verify is false", async () => {
  const files: Record<string, Blob> = {};
  for (const name of await readdir(bundledModel)) {
    const bytes = new Uint8Array(await readFile(join(bundledModel, name)));
    if (name === "model.safetensors") bytes.set([0x00, 0x7e], bytes.length - 2); // the last element, an f16
    files[name] = new Blob([bytes]);
  }
  await expect(engine.load(files, { id: "spoilt" })).rejects.toThrow(/NaN/);
  expect(await engine.load(files, { id: "spoilt", verify: false })).toMatchObject({ id: "spoilt" });
});
