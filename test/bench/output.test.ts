import { describe, expect, test } from "vitest";
import { formatCsv, formatMarkdown } from "../../bench/harness/documents.ts";
import { digits, percent, quantity } from "../../bench/harness/numbers.ts";
import { noSpeed, speedOf, withShareOfFastest } from "../../bench/harness/speed.ts";
import { byCase, formatCase, formatEnvironment } from "../../bench/harness/table.ts";
import { someEnvironment, somePeaks, someRow, withoutSpeed } from "./rows.ts";

describe("speeds", () => {
  test("rates, the roofline and what binds", () => {
    const work = { flops: 1e9, bytes: 1e6, dtype: "f32" };
    expect(speedOf(work, 20, somePeaks)).toEqual({
      tflops: 0.05,
      gbs: 0.05,
      idealMs: 10,
      bound: "compute",
      shareOfPeak: 0.5,
    });
    const streaming = speedOf({ ...work, bytes: 2e8 }, 40, somePeaks);
    expect(streaming).toEqual({ tflops: 0.025, gbs: 5, idealMs: 20, bound: "memory", shareOfPeak: 0.5 });
  });

  test("without peaks there are rates, and no share", () => {
    const work = { flops: 1e9, bytes: 1e6, dtype: "f32" };
    expect(speedOf(work, 20, null)).toEqual({ ...noSpeed, tflops: 0.05, gbs: 0.05 });
    expect(speedOf({ ...work, dtype: "f16" }, 20, somePeaks).shareOfPeak).toBeNull();
  });

  test("an algorithm that is not attention is compared with it, but not the others with that", () => {
    const rows = [someRow({ medianMs: 4 }), someRow({ medianMs: 1, variant: "linear" })];
    const shares = (some: typeof rows) => withShareOfFastest(some, ({ variant }) => variant !== "linear");
    expect(shares(rows).map(({ shareOfFastest }) => shareOfFastest)).toEqual([1, 4]);
    expect(shares(rows.slice(1)).map(({ shareOfFastest }) => shareOfFastest)).toEqual([null]);
  });

  test("the others are shares of the fastest correct row", () => {
    const rows = [someRow({ medianMs: 4 }), withoutSpeed("fail", "wrong"), someRow({ medianMs: 2 })];
    expect(withShareOfFastest(rows).map(({ shareOfFastest }) => shareOfFastest)).toEqual([0.5, null, 1]);
  });
});

test("numbers have three digits and no exponent", () => {
  expect([0, 0.0001234, 0.01234, 1.234, 12.34, 99.96, 1234.5].map(digits)).toEqual([
    "0",
    "0.0001",
    "0.0123",
    "1.23",
    "12.3",
    "100",
    "1235",
  ]);
  expect([0, 12, 999.6, 1234, 12.34e6, 1e15].map((value) => quantity(value, "B"))).toEqual([
    "0 B",
    "12 B",
    "1.00 kB",
    "1.23 kB",
    "12.3 MB",
    "1.00 PB",
  ]);
  expect([1.5e-3, 2e-6, 1.6e-7].map((value) => quantity(value, "s"))).toEqual(["1.50 ms", "2.00 µs", "160 ns"]);
  expect([1, 0.333, 0.0123, 1.5].map(percent)).toEqual(["100%", "33%", "1.2%", "150%"]);
});

describe("the table", () => {
  const rows = [
    someRow(),
    someRow({ variant: "block-skip-flash", medianMs: 1234.5, p10Ms: 1111.1, p90Ms: 1333.3, shareOfFastest: 0.5 }),
    withoutSpeed("fail", `result: mean error ${"9".repeat(200)}`, { variant: "splitK" }),
    withoutSpeed("n/a", "d is 30, it needs a multiple of 4", { variant: "rows" }),
  ];

  test.each([100, 80])("fits %i columns, whatever its content", (columns) => {
    const model = "DeepSeek-V3";
    const long = rows.map((row) => ({
      ...row,
      mask: "shared-prefix:1048576:65536",
      score: "softcap:50+alibi",
      model,
      batch: "2q128_32q1s1024_q64s128",
    }));
    for (const all of [true, false]) {
      const lines = [rows, long].flatMap((some) => formatCase(some, { all, columns }).split("\n"));
      for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(columns);
    }
    const environment = formatEnvironment(someEnvironment, somePeaks, undefined, columns);
    for (const line of environment.split("\n")) expect(line.length, line).toBeLessThanOrEqual(columns);
  });

  test("where it is narrow, scratch and runs are left out first, and times and rates stay", () => {
    const titles = (columns: number) => formatCase([someRow()], { columns }).split("\n").at(-2)?.trim().split(/ {2,}/);
    expect(titles(110)).toEqual([
      "variant",
      "check",
      "error",
      "median",
      "p10–p90 ms",
      "runs",
      "FLOP/s",
      "B/s",
      "of roofline",
      "of fastest",
      "scratch",
    ]);
    expect(titles(90)).not.toContain("scratch");
    expect(titles(40)).toEqual(["variant", "check", "median", "FLOP/s", "B/s", "of roofline", "of fastest"]);
  });

  test("a red row says why it is red, and no speed", () => {
    const red =
      formatCase(rows)
        .split("\n")
        .find((line) => line.includes("splitK")) ?? "";
    expect(red).toMatch(/^ {2}splitK +FAIL +result: mean error 9+…$/);
    expect(formatCase([rows[2] ?? someRow()])).not.toMatch(/median|FLOP\/s/);
  });

  test("operations and bounds that differ in a case are listed by variant", () => {
    const linear = someRow({ variant: "linear", flops: 1e9, flopsFlashAttention: null, bound: "memory" });
    const rest = [someRow({ variant: "rows" }), withoutSpeed("n/a", "no", { variant: "ring:4", flops: 5 })];
    expect(formatCase([someRow(), linear, ...rest])).toMatch(
      /17\.2 GFLOP, 1\.00 GFLOP linear · .*compute bound, memory bound linear/s,
    );
    expect(formatCase([someRow(), linear])).toContain("17.2 GFLOP flash, 1.00 GFLOP linear");
  });

  test("rows that do not apply are counted, and with `all` explained", () => {
    expect(formatCase(rows)).toContain("n/a: rows: d is 30");
    const other = withoutSpeed("n/a", "no ring", { variant: "naive" });
    expect(formatCase([...rows, other])).toContain("n/a: rows, naive (--all shows why)");
    expect(formatCase(rows, { all: true })).toMatch(/rows +n\/a +d is 30, it needs a multiple of 4/);
    expect(formatCase([rows[3] ?? someRow()])).toMatch(/^ {2}n\/a: d is 30/m);
  });

  test("the case stands above: pairs, operations by both counts where they differ, bytes, cache", () => {
    const [heading] = formatCase(rows.slice(0, 1)).split("\n");
    expect(heading).toBe(
      "q2k  causal  32/8x64  f32   67.1 M pairs · 17.2 GFLOP · 41.9 MB · KV 4096 B/token · compute bound",
    );
    const twoShapes = (layout: string) => formatCase([someRow({ batch: "q64_4q1s256", layout })]);
    expect(twoShapes("contiguous")).toContain("2 calls, one for each shape");
    expect(twoShapes("ragged")).not.toContain("calls");
    const window = formatCase([someRow({ flops: 1e9, mask: "sliding-window:64", layout: "paged:16" })]).split("\n");
    expect(window[0]).toBe("q2k  sliding-window:64  32/8x64  f32  paged:16");
    expect(window[1]).toContain("1.00 GFLOP (FA 17.2 G) · ");
    expect(formatCase([])).toBe("");
  });

  test("the adapter is first, and a missing peak has a reason", () => {
    const text = formatEnvironment(someEnvironment, somePeaks);
    expect(text.split("\n")).toEqual([
      "Abacus (beads 3.1) — software",
      "Node 20, linux x64 · wall clock in steps of 100 ns · 2.00 µs to encode a dispatch",
      "at most  f32 100 GFLOP/s · f16 n/a (this device has no shader-f16) · copy 10.0 GB/s",
      "         workgroup memory 20.0 GB/s · dispatch 15.0 µs",
    ]);
  });

  test("rows are gathered by case", () => {
    const others = [someRow({ mask: "full" }), someRow({ layout: "ragged" })];
    expect(byCase([someRow(), ...others, someRow({ variant: "rows" })]).map(({ length }) => length)).toEqual([2, 1, 1]);
  });
});

describe("documents", () => {
  const result = {
    environment: someEnvironment,
    peaks: somePeaks,
    rows: [
      someRow(),
      withoutSpeed("fail", 'says "no", twice\nover', { variant: "a|b" }),
      withoutSpeed("n/a", "not here"),
    ],
    answers: ["flash at 1 to 64 queries"],
  };

  test("CSV has every field of every row, with the adapter, and quotes where necessary", () => {
    const text = formatCsv(result);
    const [head = "", first = ""] = text.split("\n");
    expect(head.split(",")).toEqual(["adapter", "software", "date", ...Object.keys(someRow())]);
    expect(first).toMatch(/^Abacus \(beads 3\.1\) — software,true,2026-01-02T03:04:05\.000Z,attention\/flash,/);
    expect(first.split(",")).toHaveLength(head.split(",").length);
    expect(text).toContain('"says ""no"", twice\nover"');
  });

  test("Markdown has the correct rows' speeds, and the others' reasons", () => {
    const text = formatMarkdown(result);
    const table = text.split("\n").filter((line) => line.startsWith("|"));
    expect(table).toHaveLength(4);
    expect(new Set(table.map((line) => line.replaceAll("\\|", "").split("|").length)).size).toBe(1);
    expect(text).toContain(
      "| q2k causal 32/8x64 | `flash` | pass | 0.98× | 1.50 | 1.25 – 1.75 | 15 × 14 | 17.2 G | 17.2 G | 11.5 T | 28.0 G |",
    );
    expect(text).toContain(", 2026-01-02, wall clock in steps of 100 ns\n");
    expect(text).toContain("flash at 1 to 64 queries");
    expect(text).not.toContain("not here");
    expect(formatMarkdown(result, true)).toContain("n/a: not here");
  });
});
