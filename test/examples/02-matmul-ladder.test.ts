import { expect, test, vi } from "vitest";

test("checks every rung and prints what it loads and how fast it is", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const table = vi.spyOn(console, "table").mockImplementation(() => {});
  await import("../../examples/02-matmul-ladder/main.ts");
  expect(log.mock.calls[0]?.[0]).toMatch(/: x \[(\d+), \1\], weight \[\1, \1\]$/);
  const rows: Record<string, string | number>[] = table.mock.calls[0]?.[0];
  const absent = log.mock.calls.slice(1).map(([line]) => String(line));
  expect(rows.map(({ variant }) => variant)).toEqual([
    ...["naive", "tiled", "register"],
    ...(absent.some((line) => line.startsWith("subgroups: n/a, ")) ? [] : ["subgroups"]),
  ]);
  const [size = 0] = /\d+(?=\], weight)/.exec(log.mock.calls[0]?.[0]) ?? [];
  const [naive, tiled, register] = rows.map((row) => Number(row["MB loaded and stored"]));
  // Two loads a product; a sixteenth of that; a quarter of the one and an eighth of the other. And the result.
  const [product, result] = [(8 * Number(size) ** 3) / 1e6, (4 * Number(size) ** 2) / 1e6];
  expect(naive).toBeCloseTo(product + result, -0.5);
  expect(tiled).toBeCloseTo(product / 16 + result, 1);
  expect(register).toBeCloseTo((product / 2) * (1 / 4 + 1 / 8) + result, 0.5);
  for (const row of rows) {
    expect(Number(row["error / largest value"])).toBeLessThan(1e-5);
    expect(Number(row["median, ms"])).toBeGreaterThan(0);
    const flops = 2 * Number(size) ** 3;
    expect(Number(row["GFLOP/s"]) / (flops / Number(row["median, ms"]) / 1e6)).toBeCloseTo(1, 1.5);
  }
  expect(rows[0]?.["speed / naive"]).toBe(1);
});
