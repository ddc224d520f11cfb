import { describe, expect, test } from "vitest";
import { variantsOf } from "../../../src/check/case-table.ts";
import { attentionDropoutCases, droppingVariants } from "../../../src/check/cases/attention/dropout.ts";
import { normal } from "../../../src/check/random.ts";
import { type AttentionOptions, attention } from "../../../src/kernels/attention/attention.ts";
import { weightDropout } from "../../../src/kernels/attention/records/mod.ts";
import { placed, type Tensor, tensor, zeros } from "../../../src/tensor/tensor.ts";
import { gradients } from "../../../src/train/gradients/gradients.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, attentionDropoutCases, { seldom: ["flash", "packed", "blocks"] });

const [heads, keys] = [4, 32];
/** Queries that weigh all keys the same, and values that show which of them count. */
const even = () => {
  const [q, k] = [zeros(gpu, [2, heads, keys, keys]), zeros(gpu, [2, heads, keys, keys])];
  const unit = Array.from({ length: 2 * heads * keys * keys }, (_, i) =>
    Number(Math.floor(i / keys) % keys === i % keys),
  );
  return { q, k, v: tensor(gpu, [2, heads, keys, keys], unit) };
};
const keyOf = (seed: number, step: number) => tensor(gpu, [2], [seed, step], "u32");

type Options = NonNullable<Parameters<typeof attention>[2]>;

async function weights(key: Tensor, site: number, options: Options & { readonly rate?: number } = {}) {
  const { rate = 0.25, ...others } = options;
  const dropout = weightDropout({ key }, { rate, site });
  const { out, lse } = attention(gpu, even(), { mask: "full", lse: true, dropout, ...others });
  return { weights: [...(await out.read())], lse: [...((await lse?.read()) ?? [])] };
}

describe("dropout of attention's weights", () => {
  test("a quarter is 0, the others are divided by what is left, and the log-sum-exp is that of all", async () => {
    const { weights: found, lse } = await weights(keyOf(1, 1), 0);
    expect(found.filter((weight) => weight === 0).length / found.length).toBeCloseTo(0.25, 1.5);
    for (const weight of found.filter((one) => one !== 0)) expect(weight * keys * 0.75).toBeCloseTo(1, 5);
    for (const sum of lse) expect(sum).toBeCloseTo(Math.log(keys), 5);
  });

  test("seed, step and site each drop others, and so do heads, sequences, queries and keys", async () => {
    const dropped = async (...[seed, step, site]: readonly [number, number, number]) =>
      (await weights(keyOf(seed, step), site, { rate: 0.5 })).weights.map((weight) => weight === 0);
    const first = await dropped(1, 1, 0);
    expect(await dropped(1, 1, 0)).toEqual(first);
    const agree = (a: readonly boolean[], b: readonly boolean[]) =>
      a.filter((one, i) => one === b[i]).length / a.length;
    const others = [await dropped(2, 1, 0), await dropped(1, 2, 0), await dropped(1, 1, 1)];
    for (const step of [1, keys, keys * keys, heads * keys * keys])
      others.push([...first.slice(step), ...first.slice(0, step)]);
    for (const other of others) expect(agree(first, other)).toBeCloseTo(0.5, 1);
  });

  test("every variant that takes it drops the same weights, the others refuse it", async () => {
    const found = await Promise.all(droppingVariants.map((variant) => weights(keyOf(5, 6), 7, { variant })));
    const zeros = found.map((one) => one.weights.map((weight) => weight === 0));
    for (const one of zeros) expect(one).toEqual(zeros[0]);
    for (const variant of variantsOf(attention)) {
      const { requires = [] } = attention.variants[variant];
      const lacked = requires.some((feature) => !gpu.features.has(feature));
      if (lacked || (droppingVariants as readonly string[]).includes(variant)) continue;
      await expect(weights(keyOf(5, 6), 7, { variant })).rejects.toThrow("its kernels drop no weights");
    }
  });

  test("a recorded program drops others in each run, and its gradient those of the run", async () => {
    const key = keyOf(3, 0);
    const { q, k, v } = even();
    const upstream = tensor(gpu, [2, heads, keys, keys], normal(2 * heads * keys * keys, 5));
    const program = gpu.record(() => {
      const { out } = attention(
        gpu,
        { q, k, v },
        { dropout: weightDropout({ key }, { rate: 0.5, site: 2 }), mask: "full" },
      );
      return { out, dv: gradients(gpu, out, { v }, { upstream }).v };
    });
    const instance = await program.instantiate();
    const found: boolean[][] = [];
    const dout = [...(await upstream.read())];
    for (const step of [1, 2]) {
      await gpu.write(key.storage, 4, new Uint8Array(Uint32Array.of(step).buffer));
      instance.run();
      const out = [...(await placed(instance, program.result.out).read())]; // weights, since values are unit vectors
      const dv = [...(await placed(instance, program.result.dv ?? v).read())];
      for (const at of [0, 1, keys + 2, keys * keys * 3 + 7]) {
        // dv[key, column] = Σ over queries of weight[query, key] · dout[query, column]
        const [head, row, column] = [Math.floor(at / keys ** 2), Math.floor(at / keys) % keys, at % keys];
        let sum = 0;
        for (let query = 0; query < keys; query++) {
          const first = (head * keys + query) * keys;
          sum += (out[first + row] ?? 0) * (dout[first + column] ?? 0);
        }
        expect(dv[at]).toBeCloseTo(sum, 5);
      }
      found.push(out.map((value) => value === 0));
    }
    expect(found[1]).not.toEqual(found[0]);
    instance.dispose();
  });

  test("few queries take a variant that drops weights", () => {
    const { q, k, v } = { q: zeros(gpu, [1, 2, 3, 16]), k: zeros(gpu, [1, 2, 9, 16]), v: zeros(gpu, [1, 2, 9, 16]) };
    const dropout = weightDropout({ key: keyOf(1, 1) }, { rate: 0.5, site: 0 });
    const variantOf = (options: AttentionOptions) =>
      gpu.record(() => attention(gpu, { q, k, v }, { dropout, ...options })).calls[0]?.variant;
    expect(variantOf({})).toBe("flash");
    expect(variantOf({ mask: { kind: "strided", stride: 3, set: 2 } })).toBe("blocks");
  });

  test("mistakes are named", () => {
    const key = keyOf(1, 1);
    expect(() => weightDropout({ key }, { rate: 1, site: 0 })).toThrow(
      "rate is 1, expected a number from 0 to below 1",
    );
    expect(() => weightDropout({ key }, { rate: 0.5 } as never)).toThrow("site");
    expect(() => attention(gpu, even(), { dropout: 0.5 as never })).toThrow("dropout is 0.5, expected a function");
    const dropout = weightDropout({ key: zeros(gpu, [3], "u32") }, { rate: 0.5, site: 0 });
    expect(() => attention(gpu, even(), { dropout })).toThrow("dropoutKey");
  });
});

test.each([1, null, {}])("dropout that gives %o is refused", (given) => {
  const options = { dropout: (() => given) as unknown as ReturnType<typeof weightDropout> };
  expect(() => attention(gpu, even(), options)).toThrow(/attention: dropout gives .+, expected weightDropout/);
});

test("heads without elements are named", () => {
  const none = zeros(gpu, [1, 1, 2, 0]);
  expect(() => attention(gpu, { q: none, k: none, v: none })).toThrow(
    "attention: q is [1, 1, 2, 0], expected heads of",
  );
});
