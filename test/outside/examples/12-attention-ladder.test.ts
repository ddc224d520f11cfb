import { expect, test, vi } from "vitest";

test("checks every rung and prints what it loads and how fast it is", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const table = vi.spyOn(console, "table").mockImplementation(() => {});
  await import("../../../examples/12-attention-ladder/main.ts");
  const [title, ...absent] = log.mock.calls.map(([line]) => String(line));
  const sizes = /: (\d+) heads of (\d+), (\d+) queries and keys, causal$/.exec(title ?? "")?.slice(1) ?? [];
  const [h = 0, d = 0, t = 0] = sizes.map(Number);
  const rows: Record<string, string | number>[] = table.mock.calls[0]?.[0];
  const every = ["naive", "twoPass", "rows", "flashPlain", "flash", "subgroups"];
  const missing = absent.map((line) => /^(\w+): n\/a, ./.exec(line)?.[1] ?? line);
  expect(["subgroups"]).toEqual(expect.arrayContaining(missing));
  expect(rows.map(({ variant }) => variant)).toEqual(every.filter((variant) => !missing.includes(variant)));

  const of = (variant: string, column: string) => Number(rows.find((row) => row["variant"] === variant)?.[column]);
  const loaded = (variant: string) => of(variant, "MB loaded and stored");
  expect(rows.map((row) => Number(row["MB of scores"]) > 0)).toEqual(rows.map(({ variant }) => variant === "naive"));
  expect(of("naive", "MB of scores")).toBeCloseTo((4 * h * t * t) / 1e6, 1);
  // q, k and v of each visible pair, and out; q and k twice; q and out once, and k and v for each block of 64 queries.
  const [pairs, row] = [(h * t * (t + 1)) / 2, (4 * d) / 1e6];
  expect(loaded("rows") / (row * (3 * pairs + h * t))).toBeCloseTo(1, 2);
  expect(loaded("twoPass") / (row * (5 * pairs + h * t))).toBeCloseTo(1, 2);
  const copied = (h * (64 + t) * (t / 64)) / 2;
  expect(loaded("flashPlain") / (row * (2 * copied + 2 * h * t) + (4 * h * t) / 1e6)).toBeCloseTo(1, 2);

  for (const one of rows) {
    expect(Number(one["error / largest value"])).toBeLessThan(1e-5);
    expect(Number(one["GFLOP/s"]) / ((4 * d * pairs) / Number(one["median, ms"]) / 1e6)).toBeCloseTo(1, 1.5);
  }
  expect(rows[0]?.["speed / naive"]).toBe(1);
});
