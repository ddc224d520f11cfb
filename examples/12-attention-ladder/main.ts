import { attention, normal, openGpu, placed, type Tensor } from "shaderformer";
import { dense, attention as reference } from "shaderformer/reference";

// Causal attention of a prompt, by every rung of the ladder: each keeps less in memory, or makes more of what it loads.
const rungs = ["naive", "twoPass", "rows", "flashPlain", "flash", "subgroups"] as const;

const gpu = await openGpu();
const [h, t, d] = gpu.adapter.software ? [4, 256, 64] : [8, 1024, 64];
const random = (seed: number) => normal(gpu, [1, h, t, d], { seed });
const [q, k, v] = [random(1), random(2), random(3)];

// What is right: the definition, with sums in float64. A query sees the keys up to its own position.
const read = async (x: Tensor) => dense(x.shape, await x.read());
const given = { q: await read(q), k: await read(k), v: await read(v) };
const right = reference(given, { mask: (_b, _h, query, key) => key <= query }).out.values;
const largest = right.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

// Check first. A recorded program can be run again and again; `cost` is what its kernels say of themselves.
const refusals = attention.survey(gpu, { q, k, v }, {}); // why this device cannot run a variant
const contestants = [];
for (const variant of rungs.filter((name) => refusals.get(name) === undefined)) {
  const program = gpu.record(() => attention(gpu, { q, k, v }, { variant }).out);
  const instance = await program.instantiate();
  instance.run();
  const out = await placed(instance, program.result).read();
  const error = right.reduce((most, value, i) => Math.max(most, Math.abs(value - (out[i] ?? Number.NaN))), 0) / largest;
  if (!(error < 1e-5)) throw new Error(`${variant} is wrong: its largest error is ${error} of the largest value`);
  const bytes = program.dispatches.reduce((sum, { cost }) => sum + (cost.requestedBytes ?? Number.NaN), 0);
  const scores = attention.variants[variant].workspace?.({ q, k, v }, {}) ?? 0;
  contestants.push({ variant, instance, error, bytes, scores, times: [] as number[] });
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
const flops = 4 * d * h * ((t * (t + 1)) / 2); // two products over the pairs of a query and a key that it sees
const naive = median(contestants[0]?.times ?? []);
console.log(`${gpu.adapter.label}: ${h} heads of ${d}, ${t} queries and keys, causal`);
console.table(
  contestants.map(({ variant, error, bytes, scores, times }) => ({
    variant,
    "error / largest value": error.toExponential(1),
    "MB of scores": short(scores / 1e6),
    "MB loaded and stored": short(bytes / 1e6),
    "median, ms": short(median(times)),
    "GFLOP/s": short(flops / median(times) / 1e6),
    "speed / naive": short(naive / median(times)),
  })),
);
for (const name of rungs) if (refusals.get(name)) console.log(`${name}: n/a, ${refusals.get(name)}`);
gpu.close();
