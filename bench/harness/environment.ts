import { type Gpu, increment, upload } from "../../src/index.ts";
import type { Environment } from "../result.ts";
import { quantile, waitOf } from "./timing.ts";

/** Dispatches of the program that probes the environment. */
const probes = 256;

/** The environment of the bench, with its clock's quantum and the processor's cost of a dispatch, both measured now. */
export async function environmentOf(gpu: Gpu, clock: "gpu" | "wall"): Promise<Environment> {
  const { label, vendor, architecture, device, description, software } = gpu.adapter;
  const info = gpu.device.adapterInfo as GPUAdapterInfo | undefined; // browsers have it since 2025
  const { subgroupMinSize: smallest = 0, subgroupMaxSize: largest = 0 } = info ?? {};
  const about = { adapter: label, vendor, architecture, device, description, software };
  return {
    date: new Date().toISOString(),
    ...about,
    features: [...gpu.features].sort(),
    subgroupSizes: largest > 0 ? [smallest, largest] : null,
    limits: { ...gpu.limits },
    ...runtimeOf(),
    clock,
    ...(await probe(gpu, clock)),
  };
}

function runtimeOf(): { runtime: string; platform: string } {
  const node = globalThis.process?.versions?.node;
  if (node) return { runtime: `Node ${node}`, platform: `${process.platform} ${process.arch}` };
  const { userAgent = "unknown", platform = "unknown" } = globalThis.navigator ?? {};
  return { runtime: userAgent, platform };
}

async function probe(
  gpu: Gpu,
  clock: "gpu" | "wall",
): Promise<Pick<Environment, "clockQuantumMs" | "waitMs" | "encodeUs">> {
  using count = upload(gpu, [1], "u32", new Uint32Array(1), "probe");
  using program = gpu.record(() => {
    for (let i = 0; i < probes; i++) increment(gpu, { count });
  });
  using instance = await program.instantiate();
  const encode: number[] = [];
  for (let i = 0; i < 8; i++) {
    const before = performance.now();
    instance.run();
    encode.push(performance.now() - before);
    await gpu.device.queue.onSubmittedWorkDone();
  }
  const encodeUs = (quantile(encode, 0) / probes) * 1000; // disturbances only add time
  if (clock === "wall") return { clockQuantumMs: wallQuantum(), waitMs: await waitOf(gpu), encodeUs };
  const intervals: number[] = [];
  for (let i = 1; i <= 8; i++) intervals.push(await instance.time(i));
  return { clockQuantumMs: commonDivisor(intervals) * 1e-6, encodeUs };
}

/** The smallest observed step of `performance.now`, milliseconds. */
function wallQuantum(): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let step = 0; step < 20; step++) {
    const from = performance.now();
    let to = from;
    while (to === from) to = performance.now();
    smallest = Math.min(smallest, to - from);
  }
  return smallest;
}

/** The greatest common divisor of these times in nanoseconds: rounded timestamps differ by whole quanta. */
export function commonDivisor(values: readonly number[]): number {
  const pair = (a: number, b: number): number => (b === 0 ? a : pair(b, a % b));
  return Math.max(1, values.map((value) => Math.round(value)).reduce(pair, 0));
}
