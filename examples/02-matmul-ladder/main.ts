import { gemm, normal, openGpu, placed } from "shaderformer";
import { dense, gemm as reference } from "shaderformer/reference";

// One matrix product, y = a · b, by every rung of the ladder: each makes more of what it has loaded.
const rungs = [
  ...(["naive", "coalesced", "tiled", "registers1d", "registers2d", "vectors", "padded", "doubleBuffer"] as const),
  ...(["splitK", "subgroups"] as const), // for results that are small, and for devices with subgroups
];

const gpu = await openGpu();
const size = gpu.adapter.software ? 256 : 1024;
const [m, k, n] = [size, size, size];
const a = normal(gpu, [m, k], { seed: 1 });
const b = normal(gpu, [k, n], { seed: 2 });

// What is right: the definition, with sums in float64.
const given = { a: dense(a.shape, await a.read()), b: dense(b.shape, await b.read()) };
const right = reference(given).y.values;
const largest = right.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

// Check first. A recorded program can be run again and again; `cost` is what its kernels say of themselves.
const refusals = gemm.survey(gpu, { a, b }, {}); // why this device cannot run a variant
const contestants = [];
for (const variant of rungs.filter((name) => refusals.get(name) === undefined)) {
  const program = gpu.record(() => gemm(gpu, { a, b }, { variant }).y);
  const instance = await program.instantiate();
  instance.run();
  const y = await placed(instance, program.result).read();
  const error = right.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] ?? Number.NaN))), 0) / largest;
  if (!(error < 1e-5)) throw new Error(`${variant} is wrong: its largest error is ${error} of the largest value`);
  const bytes = program.dispatches.reduce((sum, { cost }) => sum + (cost.requestedBytes ?? Number.NaN), 0);
  contestants.push({ variant, instance, error, bytes, times: [] as number[] });
}

// Then time, in turns (A B C A B C …), so that a device that slows down as it warms up slows all of them equally.
for (let round = 0; round < 5; round++) {
  for (const { instance, times } of contestants) {
    const start = performance.now();
    instance.run();
    await gpu.device.queue.onSubmittedWorkDone();
    times.push(performance.now() - start);
  }
}

const median = (times: readonly number[]) => [...times].sort((x, y) => x - y)[times.length >> 1] ?? Number.NaN;
const short = (value: number) => Number(value.toPrecision(3));
const naive = median(contestants[0]?.times ?? []);
console.log(`${gpu.adapter.label}: a [${m}, ${k}], b [${k}, ${n}]`);
console.table(
  contestants.map(({ variant, error, bytes, times }) => ({
    variant,
    "error / largest value": error.toExponential(1),
    "MB loaded and stored": short(bytes / 1e6),
    "median, ms": short(median(times)),
    "GFLOP/s": short((2 * m * k * n) / median(times) / 1e6),
    "speed / naive": short(naive / median(times)),
  })),
);
for (const name of rungs) if (refusals.get(name)) console.log(`${name}: n/a, ${refusals.get(name)}`);
gpu.close();
