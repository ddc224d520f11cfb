import { describe, expect, onTestFinished, test, vi } from "vitest";
import { commonDivisor } from "../../bench/harness/environment.ts";
import { intervalOf, quantile, timeInTurns, timingOn, waitOf } from "../../bench/harness/timing.ts";
import { type Gpu, increment, placed, upload } from "../../src/index.ts";
import { testGpu } from "../support/devices/gpu.ts";

const options = { intervalMs: 20, samples: 6, budgetMs: 500 };

/** A subject that takes `ms` per run, and notes which subject ran how often. */
const subject = (name: string, ms: number, log: string[]) => async (repeats: number) => {
  log.push(`${name}${repeats}`);
  return ms * repeats;
};

describe("timing in turns", () => {
  test("subjects alternate, each with enough runs for its interval", async () => {
    const log: string[] = [];
    const timings = await timeInTurns([subject("a", 1, log), subject("b", 30, log)], options);
    expect(log.slice(-12)).toEqual(["a22", "b1", "a22", "b1", "a22", "b1", "a22", "b1", "a22", "b1", "a22", "b1"]);
    expect(timings).toEqual([
      { repeats: 22, samples: 6, medianMs: 1, p10Ms: 1, p90Ms: 1 },
      { repeats: 1, samples: 6, medianMs: 30, p10Ms: 30, p90Ms: 30 },
    ]);
    expect(log.slice(0, 6)).toEqual(["a1", "a1", "a1", "a1", "a1", "a22"]); // five runs to warm up
  });

  test("a slow subject is measured three times, and the others go on without it", async () => {
    const log: string[] = [];
    const [fast, slow] = await timeInTurns([subject("a", 50, log), subject("b", 400, log)], options);
    expect([fast?.samples, slow?.samples]).toEqual([6, 3]);
    expect(log.slice(-9)).toEqual(["a1", "b1", "a1", "b1", "a1", "b1", "a1", "a1", "a1"]);
  });

  test("the middle of uneven times, and their tenths", async () => {
    const times = [9, 1, 5, 3, 7].map((ms) => ms * 20);
    let next = -5; // warm-up
    const uneven = async () => {
      next++;
      return next <= 0 ? 100 : (times[next - 1] ?? 0);
    };
    const [timing] = await timeInTurns([uneven], { ...options, samples: 5, budgetMs: 1e6 });
    expect(timing?.medianMs).toBe(100);
    expect(timing?.p10Ms).toBeCloseTo(20 + 0.4 * 40, 9);
    expect(timing?.p90Ms).toBeCloseTo(140 + 0.6 * 40, 9);
  });

  test("a signal stops it", async () => {
    const controller = new AbortController();
    const run = async () => {
      controller.abort(new Error("enough"));
      return 30;
    };
    await expect(timeInTurns([run], { ...options, signal: controller.signal })).rejects.toThrow("enough");
  });
});

test("quantiles", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([4, 1, 2, 3], 0.5)).toBe(2.5);
  expect(quantile([1, 2], 1)).toBe(2);
  expect(quantile([], 0.5)).toBeNaN();
});

test("the quantum of rounded timestamps is their common divisor", () => {
  expect(commonDivisor([300_000, 500_000, 700_000])).toBe(100_000);
  expect(commonDivisor([1024, 4096, 96])).toBe(32);
  expect(commonDivisor([0, 0])).toBe(1);
});

describe("intervals of a program", async () => {
  const gpu = await testGpu();

  test("are at least four waits long where the wall clock is used, as in a browser that polls every 100 ms", async () => {
    let now = 0; // only waits take time
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    onTestFinished(() => clock.mockRestore());
    const polling = (ms: number) => {
      const onSubmittedWorkDone = async () => {
        now += ms;
      };
      return { submit: () => {}, device: { queue: { onSubmittedWorkDone } } } as unknown as Gpu;
    };
    const [quick, slow] = [polling(1), polling(100)];
    expect([await waitOf(quick), await waitOf(slow)]).toEqual([1, 100]);
    expect(await timingOn(quick, "wall", options)).toEqual(options);
    expect(await timingOn(slow, "gpu", options)).toEqual(options);
    expect(await timingOn(slow, "wall", options)).toEqual({ ...options, intervalMs: 400 });
  });
  const counted = async () => {
    const counts = [0, 1, 2].map(() => upload(gpu, [1], "u32", new Uint32Array(1)));
    const instances = [];
    for (const count of counts) {
      const program = gpu.record(() => [increment(gpu, { count }), increment(gpu, { count })]);
      instances.push(await program.instantiate());
    }
    return { counts, instances };
  };
  const read = async (counts: Awaited<ReturnType<typeof counted>>["counts"]) =>
    (await Promise.all(counts.map((count) => count.read()))).map(([value]) => value);

  test("by the wall clock, instances alternate", async () => {
    const { counts, instances } = await counted();
    expect(await intervalOf(gpu, instances, "wall")(7)).toEqual(expect.any(Number));
    expect(await read(counts)).toEqual([6, 4, 4]); // two dispatches a run
  });

  test.skipIf(!gpu.features.has("timestamp-query"))("by the GPU's clock, whole rounds of them", async () => {
    const { counts, instances } = await counted();
    const interval = intervalOf(gpu, instances, "gpu");
    expect(await interval(1)).toEqual(expect.any(Number));
    expect(await read(counts)).toEqual([2, 2, 2]);
    expect(await interval(600)).toEqual(expect.any(Number));
    expect(await read(counts)).toEqual([402, 402, 402]);
  });

  test.skipIf(!gpu.features.has("timestamp-query"))(
    "a program with a copy between dispatches is timed as well",
    async () => {
      const [count, other] = [upload(gpu, [1], "u32", new Uint32Array(1)), upload(gpu, [1], "u32", new Uint32Array(1))];
      const copy = () => ({ from: count.storage, fromOffset: 0, to: other.storage, toOffset: 0, bytes: 4 });
      const program = gpu.record(() => {
        increment(gpu, { count });
        gpu.copy(copy());
        increment(gpu, { count });
      });
      const instance = await program.instantiate();
      expect(await instance.time(5)).toEqual(expect.any(Number));
      expect([...(await count.read()), ...(await other.read())]).toEqual([10, 9]);
      expect(placed(instance, count).shape).toEqual([1]);
    },
  );
});
