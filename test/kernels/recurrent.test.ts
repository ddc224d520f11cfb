// Recurrent layers against PyTorch's modules: in the float64 reference, and every variant on the device.
import { describe, expect, test } from "vitest";
import { recurrentLayers } from "../../src/blocks/recurrent-layers.ts";
import { recurrentBackwardCases, recurrentCases } from "../../src/check/cases/recurrent.ts";
import { add, mul } from "../../src/kernels/elementwise/elementwise.ts";
import { fill } from "../../src/kernels/elementwise/fill.ts";
import { sum } from "../../src/kernels/reduce/reduce.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { recurrent as definition, recurrentBackward as definitionBackward } from "../../src/reference/recurrent.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { reshape } from "../../src/tensor/views.ts";
import golden from "../golden/recurrent.json" with { type: "json" };
import { testGpu } from "../support/devices/gpu.ts";
import { gradientsOf } from "../support/numbers/gradients-of.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, recurrentCases);
testCases(() => gpu, recurrentBackwardCases);

interface Listed {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
type Named = Readonly<Record<string, Listed>>;

interface Golden {
  readonly cell: "lstm" | "gru" | "rnn";
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly lengths: readonly number[] | null;
  readonly inputs: Named;
  readonly weights: Named;
  readonly results: Named;
  readonly upstream: Named;
  readonly gradients: Named;
}

const cases = Object.entries(golden as unknown as Readonly<Record<string, Golden>>);
const mapped = <T>(named: Named, change: (listed: Listed) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(named).map(([name, listed]) => [name, change(listed)]));
const asDense = ({ shape, values }: Listed): Dense => dense(shape, values);

function expectClose(found: ArrayLike<number> | undefined, wanted: Listed | undefined, most: number, name: string) {
  expect(found?.length, name).toBe(wanted?.values.length);
  const largest = Math.max(1, ...(wanted?.values ?? []).map(Math.abs));
  for (const [i, value] of (wanted?.values ?? []).entries()) {
    expect(Math.abs((found?.[i] ?? Number.NaN) - value), `${name}[${i}]`).toBeLessThan(most * largest);
  }
}

test.each(cases.filter(([, { layers, bidirectional }]) => layers === 1 && !bidirectional))(
  "%s: the reference is PyTorch's to 1e-10, and so are its gradients",
  (_, { cell, lengths, inputs, weights, results, upstream, gradients }) => {
    const [x, w, u] = [mapped(inputs, asDense), mapped(weights, asDense), mapped(upstream, asDense)];
    const flat = (of: Dense | undefined) => of && dense(of.shape.slice(1), of.values);
    const given = {
      x: x["x"] as Dense,
      weightIh: w["weight_ih_l0"] as Dense,
      weightHh: w["weight_hh_l0"] as Dense,
      ...(w["bias_ih_l0"] ? { biasIh: w["bias_ih_l0"], biasHh: w["bias_hh_l0"] } : {}),
      state: flat(x["state"]),
      ...(x["cell"] ? { cell: flat(x["cell"]) } : {}),
      ...(lengths ? { lengths: dense([lengths.length], lengths) } : {}),
    };
    const found = definition(given, { cell });
    for (const name of Object.keys(results)) {
      expectClose(found[name as "out"].values, results[name], 1e-10, name);
    }
    const back = definitionBackward(
      { ...given, dout: u["out"], dstate: flat(u["state"]), ...(u["cell"] ? { dcell: flat(u["cell"]) } : {}) },
      { cell },
    );
    const names = {
      x: back.dx,
      state: back.dstate,
      cell: back.dcell,
      weight_ih_l0: back.dweightIh,
      weight_hh_l0: back.dweightHh,
      bias_ih_l0: back.dbiasIh,
      bias_hh_l0: back.dbiasHh,
    };
    for (const name of Object.keys(gradients)) {
      expectClose(names[name as "x"]?.values, gradients[name], 1e-10, `gradient of ${name}`);
    }
  },
);

describe.each(["steps", "resident"] as const)("%s", (variant) => {
  test.each(cases)(
    "%s: results and gradients are PyTorch's to 1e-5",
    async (name, { cell, layers, bidirectional, lengths, inputs, weights, results, upstream, gradients }) => {
      const upload = ({ shape, values }: Listed) => tensor(gpu, shape, values);
      const [x, w, u] = [mapped(inputs, upload), mapped(weights, upload), mapped(upstream, upload)];
      const rows = lengths ? { lengths: tensor(gpu, [lengths.length], lengths, "u32") } : {};
      const layersOf = (given: Readonly<Record<string, Tensor>>) =>
        recurrentLayers(
          gpu,
          { x: given["x"] as Tensor, weights: given, state: given["state"], cell: given["cell"], ...rows },
          { cell, layers, bidirectional, variant },
        );
      const found = layersOf({ ...x, ...w });
      for (const one of Object.keys(results)) {
        expectClose(await found[one as "out"].read(), results[one], 1e-5, `${name}: ${one}`);
      }
      const { gradients: back } = await gradientsOf(gpu, { ...x, ...w }, (given) => {
        const all = layersOf(given);
        return Object.keys(results).reduce(
          (total, one) => {
            const { y } = mul(gpu, { a: all[one as "out"], b: u[one] as Tensor });
            return add(gpu, { a: total, b: sum(gpu, { x: reshape(y, [y.size]) }, { axis: 0 }).y }).y;
          },
          fill(gpu, [], 0),
        );
      });
      for (const one of Object.keys(gradients)) {
        expectClose(back[one], gradients[one], 1e-5, `${name}: gradient of ${one}`);
      }
    },
  );
});
