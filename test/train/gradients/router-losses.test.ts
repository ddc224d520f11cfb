import { expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { route } from "../../../src/kernels/moe/route.ts";
import { createRopeTables } from "../../../src/models/decoders/decoder.ts";
import { at, dense } from "../../../src/reference/dense.ts";
import { route as referenceRoute, routerStatistics } from "../../../src/reference/mixture/routing.ts";
import { placed, type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { gradients } from "../../../src/train/gradients/gradients.ts";
import { type DecoderLossOptions, decoderLoss } from "../../../src/train/objectives/decoder.ts";
import { routerLosses } from "../../../src/train/router-losses.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { goldenDecoder } from "../../support/models/golden-decoder.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";

const gpu = await quickGpu();
const [t, e, k] = [7, 5, 2];
const rule = { k, scores: "softmax", normalise: true } as const;
const layers = [normal(t * e, 1), normal(t * e, 2)];

/** The losses of two layers in float64, and the gradients of the logits by central differences. */
function expected(form: "pooled" | "layers", [one = [], two = []]: readonly ArrayLike<number>[]) {
  const sums = [one, two].map((values) => {
    const logits = dense([t, e], Float64Array.from(values));
    return routerStatistics({ logits, experts: referenceRoute({ logits }, rule).experts }).sums.values;
  });
  const balanceOf = (sums: Float64Array, factor: number) =>
    factor * Array.from({ length: e }, (_, i) => at(sums, i) * at(sums, e + i)).reduce((a, b) => a + b);
  const all = (sums[0] as Float64Array).map((value, i) => value + at(sums[1] as Float64Array, i));
  return {
    balance:
      form === "pooled"
        ? balanceOf(all, e / (2 * t) ** 2)
        : sums.map((own) => balanceOf(own, e / (t * t * k))).reduce((a, b) => a + b),
    z: at(all, 2 * e) / t,
  };
}

test.each(["pooled", "layers"] as const)(
  "%s: losses of two routers and their gradients are those of float64",
  async (form) => {
    for (const which of ["balance", "z"] as const) {
      const inputs = Object.fromEntries(layers.map((values, i) => [`${i}`, tensor(gpu, [t, e], values)]));
      const { value, gradients: found } = await gradientsOf(gpu, inputs, () => {
        for (const logits of Object.values(inputs)) route(gpu, { logits }, { ...rule, layer: 0 });
        return (routerLosses(gpu, gpu.recorded?.calls ?? [], { form }) as Record<"balance" | "z", Tensor>)[which];
      });
      const rounded = layers.map((values) => Float64Array.from(values, Math.fround));
      expect(Math.abs((value[0] ?? NaN) - expected(form, rounded)[which])).toBeLessThan(2e-6);
      for (const [layer, values] of rounded.entries()) {
        for (const i of values.keys()) {
          const [high, low] = [1e-5, -1e-5].map((step) => {
            const moved = rounded.with(layer, values.with(i, at(values, i) + step));
            return expected(form, moved)[which];
          }) as [number, number];
          expect(Math.abs((found[`${layer}`]?.[i] ?? NaN) - (high - low) / 2e-5)).toBeLessThan(1e-6);
        }
      }
    }
  },
);

/** Loss, total and gradients of a golden mixture. */
async function run(options: DecoderLossOptions) {
  const { decoder, parameters, golden } = await goldenDecoder(gpu, "mixtral");
  const shape = [golden.ids.length, golden.ids[0]?.length ?? 0];
  const ids = tensor(gpu, shape, golden.ids.flat(), "u32");
  const targets = tensor(gpu, shape, golden.targets.flat(), "i32");
  const ropeTables = createRopeTables(decoder, shape[1] ?? 0);
  const router = parameters.find(({ name }) => name.includes("0.block_sparse_moe.gate"))?.tensor as Tensor;
  const program = gpu.record(() => {
    const { loss, total, routers } = decoderLoss(decoder, { ids, targets }, { ropeTables, ...options });
    return { loss, total, balance: routers?.balance, z: routers?.z, d: gradients(gpu, total, { router }).router };
  });
  const instance = await program.instantiate();
  instance.run();
  const figures: Record<string, number[]> = {};
  for (const [name, one] of Object.entries(program.result)) {
    if (one) figures[name] = [...(await placed(instance, one).read())];
  }
  instance.dispose();
  program.dispose();
  decoder.weights.dispose();
  return figures;
}

test("coefficients add the losses of routers; without them they are computed alone", async () => {
  const plain = await run({});
  expect(plain["total"]).toEqual(plain["loss"]);
  expect(plain["balance"]?.[0]).toBeGreaterThan(1.9); // 2 where both choices are used equally
  const added = await run({ routers: { balance: 0.5, z: 0.25 } });
  const [loss = 0] = plain["loss"] ?? [];
  const sum = loss + 0.5 * (plain["balance"]?.[0] ?? NaN) + 0.25 * (plain["z"]?.[0] ?? NaN);
  expect(Math.abs((added["total"]?.[0] ?? NaN) - sum)).toBeLessThan(1e-5);
  expect(added["loss"]).toEqual(plain["loss"]);
  expect(added["d"]).not.toEqual(plain["d"]);
});

test.each(["layers", "cheap"] as const)("recomputing %s changes no bit", async (recompute) => {
  const routers = { balance: 0.5, z: 0.25 };
  expect(await run({ routers, recompute })).toEqual(await run({ routers }));
});
