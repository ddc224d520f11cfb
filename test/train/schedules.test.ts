import { expect, test } from "vitest";
import { constant, cosine, linear, noam, schedules, wsd } from "../../src/train/schedules.ts";

const settings = { learningRate: 6e-4, warmup: 10, steps: 110 };
const close = (found: readonly number[], expected: readonly number[]) => {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries()) expect(Math.abs(value - (expected[i] ?? Number.NaN))).toBeLessThan(1e-12);
};
/** With this many steps before each. */
const rates = (schedule: (step: number) => number, before: readonly number[]) => before.map((t) => schedule(t + 1));

test("warm-up is nanoGPT's: the rate times (t + 1) / (w + 1)", () => {
  for (const name of ["constant", "linear", "cosine", "wsd"] as const) {
    close(rates(schedules[name].of(settings), [0, 4, 9]), [6e-4 / 11, (6e-4 * 5) / 11, (6e-4 * 10) / 11]);
  }
  close(rates(constant.of({ learningRate: 1e-3, steps: 3 }), [0, 1, 2, 1000]), [1e-3, 1e-3, 1e-3, 1e-3]);
});

test("after it: at its end, in the middle, at the end and beyond", () => {
  const at = [10, 60, 109, 110, 1000];
  const last = Math.cos((99 / 100) * Math.PI);
  close(rates(constant.of(settings), at), [6e-4, 6e-4, 6e-4, 6e-4, 6e-4]);
  close(rates(linear.of(settings), at), [6e-4, 3e-4, 6e-6, 0, 0]);
  close(rates(linear.of({ ...settings, final: 0.05 }), at), [6e-4, 3.15e-4, 3.57e-5, 3e-5, 3e-5]);
  close(rates(cosine.of(settings), at), [6e-4, 3.3e-4, 6e-5 + 2.7e-4 * (1 + last), 6e-5, 6e-5]);
  close(rates(wsd.of({ learningRate: 1, steps: 100 }), [0, 80, 85, 95, 99, 100]), [
    1,
    1,
    0.5,
    1 - Math.sqrt(0.75),
    1 - Math.sqrt(0.95),
    0,
  ]);
});

test("noam: 1 / √(width · warmup) is the paper's peak, 6.99e-4 for 512 and 4,000", () => {
  const schedule = noam.of({ learningRate: 1 / Math.sqrt(512 * 4000), warmup: 4000, steps: 100_000 });
  const paper = (step: number) => 512 ** -0.5 * Math.min(step ** -0.5, step * 4000 ** -1.5);
  close([1, 3999, 4000, 4001, 100_000].map(schedule), [1, 3999, 4000, 4001, 100_000].map(paper));
  expect(schedule(4000)).toBeCloseTo(6.99e-4, 6);
});

test("what is no schedule is refused by name", () => {
  expect(() => cosine.of({ learningRate: 0, steps: 3 })).toThrow("cosine: learningRate is 0, expected more than 0");
  expect(() => linear.of({ learningRate: 1, steps: 0 })).toThrow(
    "linear: steps is 0, expected an integer of 1 or more",
  );
  expect(() => wsd.of({ learningRate: 1, steps: 3, decay: 2 })).toThrow(
    "wsd: decay is 2, expected a number from 0 to 1",
  );
});
