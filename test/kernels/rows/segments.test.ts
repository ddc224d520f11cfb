import { expect, test } from "vitest";
import type { Case } from "../../../src/check/case-table.ts";
import { matmulCases, refusers } from "../../../src/check/cases/products/matmul.ts";
import { checkCase } from "../../../src/check/check-case.ts";
import { wholeBlocks } from "../../../src/check/packed.ts";
import { normal } from "../../../src/check/random.ts";
import { gather, gatherStep } from "../../../src/kernels/embedding/gather.ts";
import { type WeightType, weightTypes } from "../../../src/kernels/formats/formats.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { isPlain } from "../../../src/tensor/formats/formats.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

// As small as a binding may be set: weights of more than 256 KiB lie in several segments.
const gpu = await testGpu({ cap: { binding: 262_144 } });

/** A weight `[n, k]` of two to four segments, the last one short. */
const large = (rows: number, k: number, dtype: WeightType, n: number): Case => ({
  name: `${rows} rows, weight [${n}, ${k}] ${dtype} in segments`,
  inputs: {
    x: { shape: [rows, k], values: normal(rows * k, 21) },
    weight: { shape: [n, k], values: normal(n * k, 22), dtype },
    bias: { shape: [n], values: normal(n, 23) },
  },
  refusedBy: refusers(rows, k, dtype),
});

/** The plain types, and of those with blocks one of 32 and one of 256 elements. */
const types = weightTypes.filter((dtype) => isPlain(dtype) || ["mxfp4", "q6_k"].includes(dtype));

/** The cases of a weight type; those of the last one asked for are kept, with what the reference says of them. */
let kept: { readonly dtype: WeightType; readonly cases: readonly ReturnType<typeof large>[] } | undefined;
function casesOf(dtype: WeightType, k: number) {
  if (kept?.dtype !== dtype) {
    // Few outputs, since the reference adds each up.
    const n = isPlain(dtype) ? 401 : 701;
    const odd = isPlain(dtype) ? [large(2, 517, dtype, n)] : []; // of rows that begin within a u32
    kept = { dtype, cases: [large(3, k, dtype, n), large(9, k, dtype, n), ...odd] };
    for (const { weight } of kept.cases.map(({ inputs }) => inputs)) {
      expect(tensor(gpu, weight?.shape ?? [], weight?.values ?? [], dtype).segments.length).toBeGreaterThan(1);
    }
  }
  return kept.cases;
}

const whole = process.env["SHADERFORMER_TIER"] === undefined;

for (const [i, dtype] of types.entries()) {
  for (const [j, variant] of Object.keys(matmul.variants).entries()) {
    // By turns: each type on half of the variants, and each variant with half of the types.
    if ((i + j) % 2 === 1 && !whole) continue;
    test(`matmul ${variant}: ${dtype} weights in several segments`, async () => {
      const k = dtype === "f32" ? 260 : isPlain(dtype) ? 520 : 768;
      // By turns too: each case runs on several variants, each variant on cases of several types.
      const cases = casesOf(dtype, k);
      await checkCase(gpu, matmulCases, variant, cases[((i + j) >> 1) % cases.length] as Case);
    });
  }
}

test("matmul dispatches once for each segment", () => {
  const weight = tensor(gpu, [701, 260], new Float64Array(701 * 260));
  const x = tensor(gpu, [1, 260], new Float64Array(260));
  const program = gpu.record(() => matmul(gpu, { x, weight }));
  expect(program.dispatches.map(({ uniforms }) => uniforms[0]?.values["begin"])).toEqual(
    weight.segments.map(({ begin }) => begin),
  );
  expect(program.dispatches.reduce((sum, { cost }) => sum + cost.flops, 0)).toBe(2 * 260 * 701);
});

for (const dtype of types) {
  test(`gather: each row of a ${dtype} table in segments is written once, by the segment it is in`, async () => {
    const [v, c] = isPlain(dtype) ? [511, 261] : [1023, wholeBlocks(dtype, 544)];
    const table = tensor(gpu, [v, c], normal(v * c, 24), dtype);
    expect(table.segments.length).toBeGreaterThan(1);
    const edges = table.segments.flatMap(({ begin, end }) => [begin, end - 1]);
    const ids = [...edges, 500, 0, v - 1, 500];
    const stored = await table.read();
    const expected = ids.flatMap((id) => [...stored.slice(id * c, (id + 1) * c)]);
    const { y } = gather(gpu, { ids: tensor(gpu, [ids.length], ids, "u32"), table });
    expect([...(await y.read())]).toEqual(expected);

    const step = new Uint32Array(64 * 4);
    ids.forEach((id, row) => {
      step[row * 4 + 2] = id;
    });
    const sampled = gatherStep(gpu, { step: tensor(gpu, [64, 4], step, "u32"), table }, { rows: ids.length });
    expect([...(await sampled.y.read())]).toEqual(expected);
  });
}

test("gather: an id past the last segment gives NaN, and its neighbour is right", async () => {
  const [v, c] = [511, 261];
  const table = tensor(gpu, [v, c], normal(v * c, 25));
  const into = { y: tensor(gpu, [2, c], new Float64Array(2 * c)) };
  const { y } = gather(gpu, { ids: tensor(gpu, [2], [v, v - 1], "u32"), table }, { into });
  const values = await y.read();
  expect([...values.slice(0, c)].every(Number.isNaN)).toBe(true);
  expect([...values.slice(c)].some(Number.isNaN)).toBe(false);
});
