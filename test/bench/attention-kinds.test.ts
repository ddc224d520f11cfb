import { describe, expect, test } from "vitest";
import { type AttentionSubject, type CaseText, parseSubject } from "../../bench/index.ts";
import { attention, blockTable, cacheFormats, cascadeAttention, latentAttention, slice } from "../../src/index.ts";
import { isPlain, perWord } from "../../src/tensor/formats/formats.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { benchRows, speeds } from "./run-bench.ts";

const gpu = await quickGpu();
gpu.buffers.poison = false; // a bench poisons its own memory
const rowsOf = benchRows(gpu);

/** A variant or algorithm by another record. */
const wrong = (of: string, record: AttentionSubject["record"]): AttentionSubject => ({
  ...parseSubject(of),
  name: "wrong",
  record,
});

/** The correct one is green and has a speed, the wrong ones are red and have none. */
async function expectGate(words: CaseText, right: readonly string[], mistakes: readonly AttentionSubject[]) {
  const subjects = mistakes.map((subject, i) => ({ ...subject, name: `wrong ${i}` }));
  const rows = await rowsOf([words], [...right.map(parseSubject), ...subjects]);
  for (const [i, row] of rows.entries()) {
    expect(row.verdict, `${row.id}: ${row.reason}`).toBe(i < right.length ? "pass" : "fail");
    for (const field of speeds) {
      // Without others of its kind, linear attention has no share.
      if (row.verdict === "pass" && field !== "shareOfFastest") expect(row[field], `${row.id} ${field}`).not.toBeNull();
      if (row.verdict === "fail") expect(row[field], `${row.id} ${field}`).toBeNull();
    }
  }
  return rows;
}

const rows: AttentionSubject["record"] = (device, tensors, options) =>
  attention(device, tensors, { ...options, variant: "rows" });

describe("layouts", () => {
  test("pages in any order; a page taken for another is red", async () => {
    const [right] = await expectGate(
      { batch: "2q1s30", layout: "paged:8" },
      ["rows"],
      [
        wrong("rows", (device, tensors, options) => {
          const [pages = 0] = tensors.k.shape;
          const inOrder = [0, 1].map((row) => [0, 1, 2, 3].map((page) => 4 * row + page));
          return rows(device, tensors, {
            ...options,
            layout: { kind: "paged", blockTable: blockTable(device, inOrder, { pages }) },
          });
        }),
        wrong("rows", (device, tensors, options) => rows(device, tensors, { ...options, mask: "full", length: 31 })),
      ],
    );
    expect(right).toMatchObject({ layout: "paged:8", dtype: "f32", kvBytesPerToken: 2 * 2 * 32 * 4 });
    expect(right?.command).toMatch(/ --heads 4\/2x32 --layouts paged:8$/);
  });

  test("a ring with sinks; without them it is red", async () => {
    await expectGate(
      { batch: "2q1s30", layout: "ring:12:3", mask: "sliding-window:6" },
      ["rows"],
      [wrong("rows", (device, tensors, options) => rows(device, tensors, { ...options, layout: { kind: "ring" } }))],
    );
  });

  test("sequences of different lengths in one call; one taken for another is red", async () => {
    const [right] = await expectGate(
      { batch: "q5s9_2q1s30_q3", layout: "ragged" },
      ["rows"],
      [
        wrong("rows", (device, tensors, options) => {
          const { layout } = options;
          if (typeof layout !== "object" || layout.kind !== "ragged") throw new Error("it is not ragged");
          return rows(device, tensors, { ...options, layout: { ...layout, keyOffsets: layout.queryOffsets } });
        }),
      ],
    );
    expect(right).toMatchObject({ checked: "all 40 query rows", livePairs: 4 * (35 + 60 + 6) });
  });
});

describe("types", () => {
  test("f16 and bf16 are compared with the stored values", async () => {
    const halves = cacheFormats
      .filter((name) => isPlain(name) && perWord(name) === 2)
      .map((dtype) => ({ batch: "2q1s30", dtype }));
    const made = await rowsOf(halves, [parseSubject("rows")]);
    for (const row of made) {
      expect(row.verdict, `${row.id}: ${row.reason}`).toBe("pass");
      // An error of the type itself would be a thousand times as large.
      expect(row.nmse).toBeLessThan(1e-12);
      expect(row.kvBytesPerToken).toBe(2 * 2 * 32 * 2);
    }
  });

  test.each(cacheFormats.filter((name) => !isPlain(name)))(
    "%s, in pages; scales of another head are red",
    async (dtype) => {
      const [right] = await expectGate(
        { batch: "2q1s30", dtype, layout: "paged:16" },
        ["rows"],
        [
          wrong("rows", (device, tensors, options) =>
            rows(device, { ...tensors, kScale: tensors.vScale, vScale: tensors.kScale }, options),
          ),
        ],
      );
      expect(right?.kvBytesPerToken).toBe(2 * 2 * (dtype === "int8" ? 32 + 4 : 16 + 4));
      expect(right?.command).toMatch(/ --layouts paged:16 --dtype int[48]$/);
    },
  );
});

test("scores with tensors, chained, under a mask; without the last they are red", async () => {
  const words = { batch: "2q3s30", score: "softcap:4+alibi+bias", mask: "sliding-window:20" };
  await expectGate(
    words,
    ["rows"],
    [
      wrong("rows", (device, tensors, { score, ...options }) => {
        const [cap, slopes] = score as Extract<NonNullable<typeof score>, readonly unknown[]>;
        return rows(device, tensors, { ...options, score: [cap ?? "none", slopes ?? "none"] });
      }),
    ],
  );
});

describe("algorithms", () => {
  test("linear attention is compared with its own definition, and has its own count of operations", async () => {
    const [linear, softmax, red] = await rowsOf(
      [{ batch: "q40s70" }],
      [parseSubject("linear"), parseSubject("rows"), { ...wrong("linear", rows), name: "softmax instead" }],
    );
    expect([linear?.verdict, softmax?.verdict, red?.verdict]).toEqual(["pass", "pass", "fail"]);
    expect(linear?.flops).toBe(2 * (70 * 2 + 40 * 4) * 32 * 33);
    expect(softmax?.flops).toBe(2 * (softmax?.livePairs ?? 0) * 64);
    expect(linear?.flopsFlashAttention).toBeNull();
    expect(softmax?.shareOfFastest).toBe(1);
    expect(linear?.shareOfFastest).toBeCloseTo((softmax?.medianMs ?? 0) / (linear?.medianMs ?? 1), 12);
    expect(linear?.workspaceBytes).toBe(4 * 2 * 32 * 33);
  });

  test("recurrences are compared with their own definitions; softmax in their place is red", async () => {
    const names = ["deltaRule", "gatedDeltaRule", "kimiDeltaRule", "stateSpace", "gatedDeltaRule:chunks"];
    const subjects = [...names.map(parseSubject), { ...wrong("stateSpace", rows), name: "softmax instead" }];
    const found = await rowsOf([{ batch: "2q40", heads: "2x32" }], subjects);
    expect(found.map(({ verdict }) => verdict)).toEqual([...names.map(() => "pass"), "fail"]);
    expect(found.map(({ definition }) => definition)).toEqual([...names.slice(0, 4), "gatedDeltaRule", "stateSpace"]);
    expect(found.map(({ flops }) => flops).slice(2, 4)).toEqual([6, 4].map((each) => 2 * 40 * 2 * 32 * 32 * each));
    const [shared, step, full] = await Promise.all([
      rowsOf([{ batch: "q40", heads: "4/2x32" }], [parseSubject("deltaRule")]),
      rowsOf([{ batch: "q1s40", heads: "2x32" }], [parseSubject("deltaRule")]),
      rowsOf([{ batch: "q40", mask: "full", heads: "2x32" }], [parseSubject("deltaRule")]),
    ]);
    expect([shared, step, full].map(([row]) => row?.reason)).toEqual([
      "it takes as many heads of keys as of queries, not 2 and 4",
      "it reads a whole sequence, not 1 queries of 40 keys; a state takes their place",
      "it goes from token to token, as a causal mask does",
    ]);
  });

  test("cascade: a common prefix; one that is a key short is red", async () => {
    await expectGate(
      { batch: "3q2s40", layout: "prefix:24" },
      ["cascade", "rows"],
      [
        wrong("cascade", (device, { q, k, v }, _options) => {
          const parts = (first: number, end: number, batch: number) => ({
            k: slice(slice(k, 0, 0, batch), 2, first, end),
            v: slice(slice(v, 0, 0, batch), 2, first, end),
          });
          return cascadeAttention(device, { q, prefix: parts(0, 23, 1), suffix: parts(24, 40, 3) });
        }),
      ],
    );
  });

  test("ring, on one device, with shards of different lengths", async () => {
    const [row] = await rowsOf([{ batch: "q23s30" }], [parseSubject("ring:2")]);
    expect(row?.verdict, `${row?.reason}`).toBe("pass");
    expect(row).toMatchObject({ variant: "ring:2", layout: "contiguous" });
    expect(row?.dispatches).toBeGreaterThan(4);
  });

  test("latent attention in both forms; with the scale of the latents' width it is red", async () => {
    const words = { batch: "2q1s20", model: "DeepSeek-V3", heads: "2x96-32" };
    const [expanded, absorbed] = await expectGate(
      words,
      ["expanded", "absorbed"],
      [
        wrong("absorbed", (device, { q, latent }) => {
          if (!latent) throw new Error("there are no latents");
          const { latents, weight, rope } = latent;
          const options = { form: "absorbed", rope, scale: 1 / Math.sqrt(576) } as const;
          return latentAttention(device, { q, latents, weight }, options);
        }),
      ],
    );
    const pairs = 2 * 2 * 20;
    expect(expanded?.flops).toBe(2 * pairs * 128 + 2 * 2 * 20 * 2 * 512 * 64);
    expect(absorbed?.flops).toBe(2 * pairs * 1088 + 2 * 2 * 2 * 512 * 64);
    expect(expanded).toMatchObject({ layout: "latent", kvBytesPerToken: 61 * 576 * 4 });
  });
});
