import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { nextToken } from "../../../src/cli/train/objectives/next-token.ts";
import type { TrainFlags } from "../../../src/cli/train/settings.ts";
import { trainOnData } from "../../../src/cli/train/train-on-data.ts";
import { destroyable } from "../../support/devices/destroyable.ts";
import { linesOf, trainingFolder } from "./runs.ts";

let at: Awaited<ReturnType<typeof trainingFolder>>;
beforeAll(async () => {
  at = await trainingFolder();
});
afterAll(() => at.remove());

/** A run in this process, its lines and what it said; `seen` is called with each line of a step. */
async function run(out: string, seen: (step: number) => void, more: Partial<TrainFlags> = {}) {
  const [lines, said]: [string[], string[]] = [[], []];
  const stdout = vi.spyOn(process.stdout, "write").mockImplementation((text, done: unknown) => {
    const line = String(text);
    if (line.startsWith("{")) {
      lines.push(line);
      seen(JSON.parse(line).step);
    }
    if (typeof done === "function") done();
    return true;
  });
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  const flags: TrainFlags = {
    config: at.config,
    data: [at.data],
    val: [at.val],
    out,
    order: "random",
    packing: "windows",
    steps: 20,
    batch: 4,
    context: 16,
    accumulate: 1,
    seed: 3,
    evalEvery: 6,
    saveEvery: 5,
    optimizer: "adamw",
    lr: 1e-2,
    schedule: "linear",
    warmup: 4,
    clip: 1,
    json: true,
    tuned: false,
    ...more,
  };
  const { out: _, json: __, tuned: ___, ...settings } = flags;
  try {
    await trainOnData(nextToken, flags, settings, { opened: undefined, isChosen: () => true });
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
  return { steps: linesOf(lines.join("")), said: said.join("") };
}

test("a device that is lost: the run goes on from the last checkpoint on another, with the same bits", async () => {
  const [alone, lost] = [at.out("alone"), at.out("lost")];
  const whole = await run(alone, () => {});
  const devices = await destroyable();
  let losses = 0;
  const parts = await run(lost, (step) => {
    // Before the first checkpoint, and long after it.
    if (step !== [3, 13][losses]) return;
    losses++;
    devices.destroy();
  });
  devices.end();
  expect([losses, devices.opened]).toEqual([2, 3]);
  expect(whole.steps.filter((line) => "heldOutLoss" in line).map(({ step }) => step)).toEqual([6, 12, 18]);
  expect(parts.said).toMatch(/lost.*; going on from the beginning/);
  expect(parts.said).toMatch(/lost.*; going on from step 10/);
  expect(parts.steps).toEqual(whole.steps); // none is reported twice
  for (const name of ["checkpoint.safetensors", "model.safetensors"]) {
    const [a, b] = await Promise.all([alone, lost].map((folder) => readFile(join(folder, name))));
    expect(Buffer.compare(a as Buffer, b as Buffer), name).toBe(0);
  }
}, 60_000);
