import { matmul, normal, openGpu, placed } from "shaderformer";
import { dense, matmul as reference } from "shaderformer/reference";

// One matrix product, y = x · weightᵀ, by four kernels: each rung of the ladder makes more of what it has loaded.
const rungs = ["naive", "tiled", "register", "subgroups"] as const;

const gpu = await openGpu();
const size = gpu.adapter.software ? 256 : 1024;
const [rows, k, n] = [size, size, size];
const x = normal(gpu, [rows, k], { seed: 1 });
const weight = normal(gpu, [n, k], { seed: 2 });

// What is right: the definition, with sums in float64.
const given = { x: dense(x.shape, await x.read()), weight: dense(weight.shape, await weight.read()) };
const right = reference(given).y.values;
const largest = right.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

// Check first. A recorded program can be run again and again; `cost` is what its kernel says of itself.
const refusals = matmul.survey(gpu, { x, weight }, {}); // why this device cannot run a variant
const contestants = [];
for (const variant of rungs.filter((name) => refusals.get(name) === undefined)) {
  const program = gpu.record(() => matmul(gpu, { x, weight }, { variant }).y);
  const instance = await program.instantiate();
  instance.run();
  const y = await placed(instance, program.result).read();
  const error = right.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] ?? Number.NaN))), 0) / largest;
  if (!(error < 1e-5)) throw new Error(`${variant} is wrong: its largest error is ${error} of the largest value`);
  const bytes = program.dispatches.reduce((sum, { cost }) => sum + (cost.requestedBytes ?? Number.NaN), 0);
  contestants.push({ variant, instance, error, bytes, times: [] as number[] });
}

// Then time, in turns (A B C A B C …), so that a device that slows down as it warms up slows all of them equally.
const runs = 4;
for (let round = 0; round < 5; round++) {
  for (const { instance, times } of contestants) {
    const start = performance.now();
    for (let i = 0; i < runs; i++) instance.run();
    await gpu.device.queue.onSubmittedWorkDone();
    times.push((performance.now() - start) / runs);
  }
}

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
const short = (value: number) => Number(value.toPrecision(3));
const naive = median(contestants[0]?.times ?? []);
console.log(`${gpu.adapter.label}: x [${rows}, ${k}], weight [${n}, ${k}]`);
console.table(
  contestants.map(({ variant, error, bytes, times }) => ({
    variant,
    "error / largest value": error.toExponential(1),
    "MB loaded and stored": short(bytes / 1e6),
    "median, ms": short(median(times)),
    "GFLOP/s": short((2 * rows * k * n) / median(times) / 1e6),
    "speed / naive": short(naive / median(times)),
  })),
);
for (const name of rungs) if (refusals.get(name)) console.log(`${name}: n/a, ${refusals.get(name)}`);
gpu.close();
