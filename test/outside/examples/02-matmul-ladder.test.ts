import { expect, test, vi } from "vitest";
import { gemm } from "../../../src/kernels/gemm/gemm.ts";

test("checks every rung and prints what it loads and how fast it is", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const table = vi.spyOn(console, "table").mockImplementation(() => {});
  await import("../../../examples/02-matmul-ladder/main.ts");
  expect(log.mock.calls[0]?.[0]).toMatch(/: a \[(\d+), \1\], b \[\1, \1\]$/);
  const rows: Record<string, string | number>[] = table.mock.calls[0]?.[0];
  const absent = log.mock.calls.slice(1).map(([line]) => String(line));
  const missing = (variant: string) => absent.some((line) => line.startsWith(`${variant}: n/a, `));
  expect(rows.map(({ variant }) => variant)).toEqual(
    Object.keys(gemm.variants).filter((variant) => variant !== "subgroups" || !missing(variant)),
  );
  const [size = 0] = /\d+(?=\], b)/.exec(log.mock.calls[0]?.[0]) ?? [];
  const loaded = (variant: string) => Number(rows.find((row) => row["variant"] === variant)?.["MB loaded and stored"]);
  // Two loads a product, or one for each of a tile's 16, 64 or 32 rows or columns. And the result.
  const [product, result] = [(4 * Number(size) ** 3) / 1e6, (4 * Number(size) ** 2) / 1e6];
  for (const variant of ["naive", "coalesced"]) expect(loaded(variant)).toBeCloseTo(2 * product + result, -0.5);
  expect(loaded("tiled")).toBeCloseTo(product / 8 + result, 1);
  expect(loaded("registers1d")).toBeCloseTo(product * (1 / 32 + 1 / 64) + result, 1);
  for (const variant of ["registers2d", "vectors", "padded", "doubleBuffer"]) {
    expect(loaded(variant)).toBeCloseTo(product / 32 + result, 1);
  }
  for (const row of rows) {
    expect(Number(row["error / largest value"])).toBeLessThan(1e-5);
    expect(Number(row["median, ms"])).toEqual(expect.any(Number));
    const flops = 2 * Number(size) ** 3;
    expect(Number(row["GFLOP/s"]) / (flops / Number(row["median, ms"]) / 1e6)).toBeCloseTo(1, 1.5);
  }
  expect(rows[0]?.["speed / naive"]).toBe(1);
});
