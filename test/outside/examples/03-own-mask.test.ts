import { expect, test, vi } from "vitest";
import { attention, tensor } from "../../../src/index.ts";
import { dense, attention as reference } from "../../../src/reference/index.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

const gpu = await quickGpu();

test("draws the pairs, and finds three kernels right", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await import("../../../examples/03-own-mask/main.ts");
  const lines = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();
  const picture = lines.slice(0, 24);
  expect(picture[0]).toBe("█·······················");
  expect(picture[23]).toBe("···█···█···█···█████████");
  const kept = picture.join("").replaceAll("·", "").length;
  expect(lines[24]).toBe(`${kept} of 576 pairs of a query and a key`);
  expect(lines.slice(25).map((line) => line.replace(/[\d.]+e-\d+$/, "…"))).toEqual(
    ["naive", "rows", "flash"].map((variant) => `${variant}: right, the largest error is …`),
  );
});

test("the WGSL keeps what its twin keeps, pair by pair", async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  const { mask } = await import("../../../examples/03-own-mask/main.ts");
  // Equal scores and the unit vectors as values: an output is the share of each key that is kept.
  const t = 40;
  using zero = tensor(gpu, [1, 1, t, t], new Float32Array(t * t));
  using units = tensor(
    gpu,
    [1, 1, t, t],
    Float32Array.from({ length: t * t }, (_, i) => Number(i % (t + 1) === 0)),
  );
  const { out } = attention(gpu, { q: zero, k: zero, v: units }, { mask, variant: "naive" });
  const shares = await out.read();
  out.dispose();
  for (let q = 0; q < t; q++) {
    const row = [...shares.slice(q * t, (q + 1) * t)].map((share) => share > 0);
    expect(row, `query ${q}`).toEqual(Array.from({ length: t }, (_, k) => mask.twin?.(0, 0, q, k)));
  }
});

test("the reference averages what a mask keeps where all scores are equal", async () => {
  const zeros = dense([1, 1, 3, 2]);
  const v = dense([1, 1, 3, 2], [1, 10, 2, 20, 6, 60]);
  const { out } = reference({ q: zeros, k: zeros, v }, { mask: (_b, _h, query, key) => key <= query });
  expect([...out.values]).toEqual([1, 10, 1.5, 15, 3, 30]);
});
