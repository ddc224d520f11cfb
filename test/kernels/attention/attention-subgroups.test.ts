// Attention in a subgroup's registers: the cases, masks, scores and layouts of the other variants, on a device with
// subgroups, and that their size does not show.

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { type Case, type CaseTable, casesTagged, hasTag } from "../../../src/check/case-table.ts";
import { attentionCases } from "../../../src/check/cases/attention/attention.ts";
import { attentionLayoutCases, longRowOfHalves } from "../../../src/check/cases/attention/layouts.ts";
import { modCases } from "../../../src/check/cases/attention/mods.ts";
import { longRowProblem } from "../../../src/check/cases/attention/problem.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { attention } from "../../../src/kernels/attention/attention.ts";
import { tuning } from "../../../src/kernels/tuning.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { slice } from "../../../src/tensor/views.ts";
import { wgslEsbuild } from "../../../src/wgsl-loader.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
const size = gpu.adapter.subgroupSize;
const full = process.env["SHADERFORMER_FULL"] === "1";

type Name = "subgroups" | "splitSubgroups";

/** Rows of more keys than those of the table. */
const longer = (table: CaseTable): readonly Case[] =>
  table === (attentionCases as CaseTable)
    ? [longRowProblem(131_072)]
    : table === (attentionLayoutCases as CaseTable)
      ? [longRowOfHalves(131_072)]
      : [];

/** Runs those chosen whose heads have widths that subgroups of this size can share; the others are to be refused. */
function testSubgroups(variant: Name, table: CaseTable, chosen: readonly Case[]): void {
  const cases = (full ? [...table.cases, ...longer(table)] : chosen).map((item) => {
    const { q, values } = item.inputs;
    // Caches of integers hold several to a word; their heads are as wide as those of q.
    const widths = [q, ...(values?.dtype === "u32" ? [] : [values])].map((input) => input?.shape[3] ?? 0);
    const fits = widths.every((width) => width % (4 * (size ?? 1)) === 0 && width <= 256);
    return { ...item, refusedBy: fits ? [] : [variant] };
  });
  testCases(() => gpu, { ...table, variants: [variant], cases }, { seldom: [variant], kindsElsewhere: true });
}

const layouts = casesTagged(
  attentionLayoutCases.cases,
  ...["long", "shared-pages", "window-pages", "no-page", "ring", "ring-step", "ragged", "bf16", "int8-pages", "int4"],
);

/** Cases of masks and scores, of these kinds and this shape. */
const mods = (shape: string, ...kinds: readonly string[]) =>
  casesTagged(modCases.cases, ...kinds).filter((item) => hasTag(item, shape));

describe.skipIf(!gpu.features.has("subgroups") || size === undefined)("attention in subgroups", () => {
  describe("subgroups", () => {
    const kinds = ["key padding", "sink window", "document", "a user's own", "alibi by difference"];
    testSubgroups("subgroups", attentionCases, attentionCases.cases);
    testSubgroups("subgroups", modCases, mods("prefill", ...kinds));
    testSubgroups("subgroups", attentionLayoutCases, layouts);
  });
  describe("splitSubgroups", () => {
    const kinds = [
      "key padding",
      "sink",
      "block-sparse, a map for each",
      "a user's own",
      "alibi by difference",
      "prefix",
    ];
    testSubgroups("splitSubgroups", attentionCases, casesTagged(attentionCases.cases, "splits"));
    testSubgroups("splitSubgroups", modCases, mods("decode", ...kinds));
    testSubgroups("splitSubgroups", attentionLayoutCases, layouts);
  });

  test("are chosen where the table wants them, and say what they cannot take", () => {
    const x = (...shape: number[]) =>
      tensor(
        gpu,
        shape,
        normal(
          shape.reduce((a, b) => a * b, 1),
          1,
        ),
      );
    const [q, k] = [x(1, 4, 9, 64), x(1, 2, 40, 64)];
    const chosen = gpu.record(() => [q, x(1, 4, 8, 64)].map((few) => attention(gpu, { q: few, k, v: k }))).calls;
    const { attentionOfManyQueries, attentionOfFewQueries } = tuning(gpu);
    expect(chosen.map(({ variant }) => variant)).toEqual([attentionOfManyQueries[0], attentionOfFewQueries[0]]);
    const odd = { q: x(1, 1, 9, 36), k: x(1, 1, 9, 36), v: x(1, 1, 9, 36) };
    for (const variant of ["subgroups", "splitSubgroups"] as const) {
      expect(() => attention(gpu, odd, { variant })).toThrow(
        new RegExp(`d is 36, it needs a multiple of ${4 * (size ?? 0)} for subgroups of ${size}`),
      );
    }
  });

  test("a row of a batch, and of a longer cache, is cut as it is alone", async () => {
    const x = (shape: number[], seed: number) =>
      tensor(
        gpu,
        shape,
        normal(
          shape.reduce((a, b) => a * b, 1),
          seed,
        ),
      );
    const [q, k, v] = [x([2, 6, 3, 64], 1), x([2, 2, 900, 64], 2), x([2, 2, 900, 64], 3)];
    const variant = "splitSubgroups";
    const together = await attention(gpu, { q, k, v }, { variant, length: 700 }).out.read();
    const [first, second] = [0, 1].map((row) => {
      const [own, keys, values] = [q, k, v].map((all) => slice(all, 0, row, row + 1)) as [Tensor, Tensor, Tensor];
      return attention(gpu, { q: own, k: keys, v: values }, { variant, length: 700 }).out.read();
    });
    expect(together).toEqual(Float64Array.from([...((await first) ?? []), ...((await second) ?? [])]));
    // In another number of pieces: the same result, if not the same bits.
    const pieces = await attention(gpu, { q, k, v }, { variant, length: 700, splits: 5 }).out.read();
    assertClose(pieces, together, nmseCaps.f32, "in 5 splits");
  });

  test.skipIf(!/llvmpipe/.test(gpu.adapter.label))("has the same bits in subgroups of 4, 8 and 16", async () => {
    // In the project's folder, where "webgpu" is found.
    const outfile = join(".cache", `attention-hash-${process.pid}.mjs`);
    try {
      await build({
        entryPoints: ["test/support/numbers/subgroup-hash.ts"],
        bundle: true,
        platform: "node",
        format: "esm",
        target: "es2022",
        packages: "external",
        plugins: [wgslEsbuild()],
        outfile,
      });
      const found = ["128", "256", "512"].map((width) => {
        const env = { ...process.env, LP_NATIVE_VECTOR_WIDTH: width, SHADERFORMER_ADAPTER: "lavapipe" };
        return execFileSync(process.execPath, [outfile], { env, encoding: "utf8" }).trim();
      });
      const [sizes, hashes] = [0, 1].map((i) => found.map((line) => line.split(" ")[i]));
      expect(sizes).toEqual(["4", "8", "16"]);
      expect(new Set(hashes).size).toBe(1);
    } finally {
      rmSync(outfile, { force: true });
    }
  });
});
