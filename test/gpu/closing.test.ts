import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { openGpu } from "../../src/gpu/device/open.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { axpy } from "../support/small-kernels.ts";
import { until } from "../support/until.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Threads of this process, and its memory in MiB. */
function measured(): { threads: number; memory: number } {
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]);
  return { threads: field("Threads"), memory: field("VmRSS") / 1024 };
}

let collected = 0;
const devices = new FinalizationRegistry<undefined>(() => {
  collected++;
});

async function openAndClose(): Promise<void> {
  using gpu = await openGpu();
  devices.register(gpu.device, undefined);
  const x = tensor(gpu, [3], [1, 2, 3]);
  expect([...(await axpy(gpu, { x, z: x }, { factor: 1 }).y.read())]).toEqual([2, 4, 6]);
}

/** What is left once so many devices are gone; what closing calls back still refers to the last one for a while. */
async function afterwards(count: number): Promise<ReturnType<typeof measured>> {
  await until("end of the device", () => {
    collect();
    return collected === count;
  });
  return measured();
}

test.skipIf(process.platform !== "linux")("30 closed devices leave neither threads nor memory", async () => {
  const after = [];
  for (let i = 0; i < 30; i++) {
    await openAndClose();
    after.push(await afterwards(i + 1));
  }
  const [first, tenth, last] = [after[0], after[9], after.at(-1)];
  console.log("after 1, 10 and 30 devices:", JSON.stringify([first, tenth, last]));
  await until("end of the threads", () => measured().threads <= (first?.threads ?? 0) + 2);
  expect(last?.memory).toBeLessThanOrEqual((tenth?.memory ?? 0) + 10);
});
