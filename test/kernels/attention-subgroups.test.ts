// Attention in a subgroup's registers: the cases, masks, scores and layouts of the other variants, on a device with
// subgroups, and that their size does not show.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { attention } from "../../src/kernels/attention/attention.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { attentionCases } from "../cases/attention.ts";
import { attentionLayoutCases } from "../cases/attention-layouts.ts";
import { modTable } from "../cases/attention-mods.ts";
import { testGpu } from "../support/gpu.ts";
import { normal } from "../support/random.ts";
import { type Case, type CaseTable, testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
const size = gpu.adapter.subgroupSize;
const full = process.env["SHADERFORMER_FULL"] === "1";

/** Widths of q and of v; caches of integers hold several to a word, and say so by the width of q alone. */
const widthsOf = ({ inputs }: Case) => [inputs["q"]?.shape[3] ?? 0, inputs["values"]?.shape[3] ?? 0];

/** The cases with the widths that subgroups of this size can share; the others are to be refused. */
const forSubgroups = (table: CaseTable, chosen: RegExp, byWidth = true): CaseTable => {
  const { subgroups } = table.variants;
  const cases = table.cases
    .filter(({ name }) => full || chosen.test(name))
    .map((item) => {
      const widths = byWidth ? widthsOf(item) : [];
      const fits = widths.every((width) => width % (4 * (size ?? 1)) === 0 && width <= 256);
      return { ...item, refusedBy: fits ? [] : ["subgroups"] };
    });
  return { ...table, variants: subgroups ? { subgroups } : {}, cases };
};

describe.skipIf(!gpu.features.has("subgroups") || size === undefined)("attention in subgroups", () => {
  testCases(() => gpu, forSubgroups(attentionCases, /./));
  testCases(
    () => gpu,
    forSubgroups(modTable, /^(key padding|sink window|document|a user's own|alibi by diff|softcap, then), prefill/),
  );
  testCases(
    () => gpu,
    forSubgroups(attentionLayoutCases, /pages of 16|no pages|ring by|sequences|bf16 with|int8 in|int4 with/, false),
  );

  test("is chosen for many queries on a software adapter, and says what it cannot take", () => {
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
    const [call] = gpu.record(() => attention(gpu, { q, k, v: k })).calls;
    expect(call?.variant).toBe(gpu.adapter.software ? "subgroups" : "flash");
    const odd = { q: x(1, 1, 9, 36), k: x(1, 1, 9, 36), v: x(1, 1, 9, 36) };
    expect(() => attention(gpu, odd, { variant: "subgroups" })).toThrow(
      new RegExp(`d is 36, it needs a multiple of ${4 * (size ?? 0)} for subgroups of ${size}`),
    );
  });

  test.skipIf(!/llvmpipe/.test(gpu.adapter.label))("has the same bits in subgroups of 4, 8 and 16", async () => {
    // In the project's folder, where "webgpu" is found.
    const outfile = join(".cache", `attention-hash-${process.pid}.mjs`);
    try {
      await build({
        entryPoints: ["test/support/attention-hash.ts"],
        ...({ bundle: true, platform: "node", format: "esm", target: "es2022", packages: "external" } as const),
        loader: { ".wgsl": "text" },
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
