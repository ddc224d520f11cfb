// The device of an engine as it is lost and replaced, with real devices; test/fuzz/device-loss.test.ts has models on
// them.
import { afterAll, expect, test } from "vitest";
import { keepDevice, onDevice, overLosses, type Replacing } from "../../src/engine/device-recovery.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { TextError } from "../../src/text/text-error.ts";

const opened: Gpu[] = [];
afterAll(() => {
  for (const gpu of opened) gpu.close();
});

async function open(): Promise<Gpu> {
  const gpu = await openGpu();
  opened.push(gpu);
  return gpu;
}

/** A kept device, and what was reported of it. */
async function keep(options: Partial<Replacing> = {}) {
  const events: string[] = [];
  const kept = keepDevice(await open(), {
    open,
    restore: async () => void events.push("restoring"),
    onLost: (message) => events.push(message),
    onRestored: () => events.push("restored"),
    ...options,
  });
  return { kept, events };
}

const lost = /the device was lost: /;

test("a device that is lost is replaced by itself, and what waits for one gets the next", async () => {
  const { kept, events } = await keep();
  const first = kept.gpu;
  expect(await kept.ready()).toBe(first);
  first.device.destroy();
  await expect.poll(() => events.at(-1)).toBe("restored");
  expect(events).toEqual([expect.stringMatching(lost), "restoring", "restored"]);
  expect(await kept.ready()).toBe(kept.gpu);
  expect(kept.gpu).not.toBe(first);
  expect(first.closed).toBe(true);
  kept.gpu.device.destroy(); // the next one is watched, too
  await expect.poll(() => events.length).toBe(6);
  kept.close();
});

test("one that is lost again before everything is on it is replaced, at most three times in a row", async () => {
  let losses = 2;
  const { kept, events } = await keep({
    restore: async (gpu) => {
      if (losses-- > 0) gpu.device.destroy();
      await gpu.device.queue.onSubmittedWorkDone().catch(() => undefined);
      gpu.assertUsable();
    },
  });
  kept.gpu.device.destroy();
  await expect.poll(() => events).toEqual([expect.stringMatching(lost), "restored"]);
  losses = 3;
  const before = kept.gpu;
  before.device.destroy();
  await expect.poll(() => before.gone.aborted).toBe(true);
  await expect(kept.ready()).rejects.toThrow(lost);
  expect((await kept.ready()).gone.aborted).toBe(false); // asked again, it is there
  kept.close();
});

test("without an adapter it is asked for again, and the error says that a reload helps", async () => {
  let missing = 3;
  const { kept, events } = await keep({
    patience: 2_000,
    open: () => (missing-- > 0 ? Promise.reject(new GpuError("no WebGPU adapter")) : open()),
  });
  kept.gpu.device.destroy();
  await expect.poll(() => events.at(-1), { timeout: 5_000 }).toBe("restored");
  missing = Number.POSITIVE_INFINITY;
  kept.gpu.device.destroy();
  await expect.poll(() => kept.gpu.gone.aborted).toBe(true);
  const message =
    "the device was lost, and no other could be had within 2 s: start the program again (no WebGPU adapter)";
  await expect(kept.ready()).rejects.toThrow(message);
  missing = 0;
  expect((await kept.ready()).gone.aborted).toBe(false);
  kept.close();
});

test("work is done again where its device was lost, and not where it failed otherwise", async () => {
  const { kept } = await keep();
  let attempts = 0;
  const losing = async (gpu: Gpu) => {
    if (++attempts === 1) gpu.device.destroy();
    return gpu.flush().then(() => gpu);
  };
  expect(await onDevice(kept, losing)).toBe(kept.gpu);
  expect(attempts).toBe(2);
  for (const error of [new TextError("no text"), new GpuError("too large")]) {
    attempts = 0;
    const failing = async () => {
      attempts++;
      throw error;
    };
    await expect(onDevice(kept, failing)).rejects.toBe(error);
    expect(attempts).toBe(1);
  }
  const always = async (gpu: Gpu) => {
    attempts++;
    gpu.device.destroy();
    await gpu.flush();
  };
  attempts = 0;
  await expect(onDevice(kept, always)).rejects.toThrow(lost);
  expect(attempts).toBe(3);
  kept.close();
});

test("a stream goes on after the tokens that it gave, as often as it comes further", async () => {
  const { kept } = await keep();
  const begun: number[][] = [];
  const begin = async function* (generated: readonly number[]) {
    begun.push([...generated]);
    const { gpu } = kept;
    for (let token = generated.length; token < 6; token++) {
      if (token % 2 === 1 && token > generated.length) gpu.device.destroy();
      await gpu.flush();
      yield { token };
    }
    return "all";
  };
  const stream = overLosses(kept, begin);
  const tokens: number[] = [];
  let step = await stream.next();
  for (; !step.done; step = await stream.next()) tokens.push(step.value.token);
  expect(tokens).toEqual([0, 1, 2, 3, 4, 5]);
  expect(step.value).toBe("all");
  expect(begun).toEqual([[], [0], [0, 1, 2], [0, 1, 2, 3, 4]]);
  kept.close();
});

test("leaving a stream ends what it reads from", async () => {
  const { kept } = await keep();
  let left = 0;
  const begin = async function* () {
    try {
      for (let token = 0; ; token++) yield { token };
    } finally {
      left++;
    }
  };
  for await (const { token } of overLosses(kept, begin)) if (token === 3) break;
  expect(left).toBe(1);
  kept.close();
});

test("a closed device is not replaced, and what waits for one ends", async () => {
  const { kept, events } = await keep({ open: () => Promise.reject(new GpuError("no WebGPU adapter")) });
  const { gpu } = kept;
  gpu.device.destroy();
  await expect.poll(() => events.length).toBe(1);
  const waiting = kept.ready();
  kept.close();
  await expect(waiting).rejects.toThrow("this device was closed");
  await expect(kept.ready()).rejects.toThrow("this device was closed");
  expect(await kept.replaced(gpu)).toBe(false);
  const other = (await keep()).kept;
  other.close();
  await expect(onDevice(other, (one) => one.flush())).rejects.toThrow("this device was closed");
});
