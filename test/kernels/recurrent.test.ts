// Recurrent layers against PyTorch's modules: in the float64 reference, and every variant on the device.
import { describe, expect, test } from "vitest";
import { recurrentLayers } from "../../src/blocks/recurrent-layers.ts";
import { recurrentBackwardCases, recurrentCases } from "../../src/check/cases/recurrent.ts";
import { add, mul } from "../../src/kernels/elementwise/elementwise.ts";
import { fill } from "../../src/kernels/elementwise/fill.ts";
import { recurrentBackward } from "../../src/kernels/recurrent/backward.ts";
import { recurrent } from "../../src/kernels/recurrent/recurrent.ts";
import { sum } from "../../src/kernels/reduce/reduce.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import {
  recurrent as definition,
  recurrentBackward as definitionBackward,
} from "../../src/reference/models/recurrent.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { reshape } from "../../src/tensor/views.ts";
import golden from "../golden/recurrent.json" with { type: "json" };
import { testGpu } from "../support/devices/gpu.ts";
import { gradientsOf } from "../support/numbers/gradients-of.ts";
import { asDense, expectClose, type Listed, mapped, type NamedLists } from "../support/numbers/listed.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, recurrentCases);
testCases(() => gpu, recurrentBackwardCases);

interface Golden {
  readonly cell: "lstm" | "gru" | "rnn";
  readonly reset?: "before";
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly lengths: readonly number[] | null;
  readonly inputs: NamedLists;
  readonly weights: NamedLists;
  readonly results: NamedLists;
  readonly upstream: NamedLists;
  readonly gradients: NamedLists;
}

const cases = Object.entries(golden as unknown as Readonly<Record<string, Golden>>);

test.each(cases.filter(([, { layers, bidirectional }]) => layers === 1 && !bidirectional))(
  "%s: the reference is PyTorch's to 1e-10, and so are its gradients",
  (_, { cell, reset, lengths, inputs, weights, results, upstream, gradients }) => {
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
    const found = definition(given, { cell, reset });
    for (const name of Object.keys(results)) {
      expectClose(found[name as "out"].values, results[name], 1e-10, name);
    }
    const back = definitionBackward(
      { ...given, dout: u["out"], dstate: flat(u["state"]), ...(u["cell"] ? { dcell: flat(u["cell"]) } : {}) },
      { cell, reset },
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
    async (name, { cell, reset, layers, bidirectional, lengths, inputs, weights, results, upstream, gradients }) => {
      const upload = ({ shape, values }: Listed) => tensor(gpu, shape, values);
      const [x, w, u] = [mapped(inputs, upload), mapped(weights, upload), mapped(upstream, upload)];
      const rows = lengths ? { lengths: tensor(gpu, [lengths.length], lengths, "u32") } : {};
      const layersOf = (given: Readonly<Record<string, Tensor>>) =>
        recurrentLayers(
          gpu,
          { x: given["x"] as Tensor, weights: given, state: given["state"], cell: given["cell"], ...rows },
          { cell, reset, layers, bidirectional, variant },
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

test.each([
  ["gru", "after"],
  ["gru", "before"],
  ["lstm", "after"],
] as const)("%s, reset %s: what is past the lengths may be NaN, for gradients too", async (cell, reset) => {
  const [b, t, i, h] = [2, 3, 2, 4];
  const numbers = (...shape: number[]) =>
    tensor(
      gpu,
      shape,
      Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, at) =>
        Math.sin(at + shape.length),
      ),
    );
  const gates = cell === "gru" ? 3 : 4;
  const values = Array.from({ length: b * t * i }, (_, at) => (at >= 2 && at < t * i ? Number.NaN : at / 9));
  const parameters = { weightIh: numbers(gates * h, i), weightHh: numbers(gates * h, h), biasHh: numbers(gates * h) };
  const lengths = tensor(gpu, [b], [1, 3], "u32");
  const loss = (of: typeof parameters & { readonly x: Tensor }) => {
    const { out } = recurrent(gpu, { ...of, lengths }, { cell, reset, reverse: true });
    return sum(gpu, { x: reshape(out, [out.size]) }, { axis: 0 }).y;
  };
  const x = tensor(gpu, [b, t, i], values);
  const { gradients } = await gradientsOf(gpu, { ...parameters, x }, loss);
  const clean = tensor(
    gpu,
    [b, t, i],
    values.map((value) => (Number.isNaN(value) ? 0 : value)),
  );
  const wanted = await gradientsOf(gpu, { ...parameters, x: clean }, loss);
  expect(gradients).toEqual(wanted.gradients);
  expect(Object.values(gradients).every((all) => all?.every(Number.isFinite))).toBe(true);
});

test("what does not fit is refused, and named", () => {
  const zeros = (shape: readonly number[]) => tensor(gpu, shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  const given = { x: zeros([2, 3, 4]), weightIh: zeros([15, 4]), weightHh: zeros([15, 5]) };
  const call =
    (changed: object, cell: "lstm" | "gru" = "gru") =>
    () =>
      recurrent(gpu, { ...given, ...changed }, { cell });
  expect(call({}, "lstm")).toThrow("recurrent: weightHh is [15, 5], expected [20, 5]: lstm has 4 · h rows, h = 5");
  expect(call({ cell: zeros([2, 5]) })).toThrow("recurrent: cell is given, expected only with lstm, not gru");
  expect(call({ state: zeros([3, 5]) })).toThrow("state is [3, 5], expected [b, h] with b = 2 (from x)");
  expect(call({ weightIh: zeros([15, 3]) })).toThrow("weightIh is [15, 3], expected [gates, i]");
  expect(() =>
    recurrent(gpu, { ...given, weightIh: zeros([5, 4]), weightHh: zeros([5, 5]) }, { cell: "rnn", reset: "before" }),
  ).toThrow('recurrent: reset is "before", expected only with gru, not rnn');
  const back = (changed: object) => () =>
    recurrentBackward(gpu, { ...given, out: zeros([2, 3, 5]), ...changed }, { cell: "gru" });
  expect(back({ dcell: zeros([2, 5]) })).toThrow("recurrentBackward: dcell is given, expected only with lstm, not gru");
  expect(back({ dout: zeros([2, 2, 5]) })).toThrow("dout is [2, 2, 5], expected [b, t, h] with t = 3 (from x)");
  expect(() =>
    recurrentLayers(gpu, { x: given.x, weights: { weight_ih_l0: given.weightIh } }, { cell: "gru" }),
  ).toThrow("recurrentLayers: weights has no weight_hh_l0, it has weight_ih_l0");
});

test("a state wider than workgroup memory is refused by resident, and taken by steps", async () => {
  const small = await testGpu({ cap: { workgroupBytes: 4096 } });
  const zeros = (shape: readonly number[]) => tensor(small, shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  const given = { x: zeros([1, 1, 2]), weightIh: zeros([120, 2]), weightHh: zeros([120, 120]) };
  expect(() => recurrent(small, given, { cell: "rnn", variant: "resident" })).toThrow(
    "recurrent/resident: a state of 120 needs 4320 bytes of workgroup memory, this device has 4096",
  );
  const before = { x: zeros([1, 1, 2]), weightIh: zeros([360, 2]), weightHh: zeros([360, 120]) };
  const options = { cell: "gru", reset: "before", variant: "resident" } as const;
  expect(() => recurrent(small, before, options)).toThrow("a state of 120 needs 7200 bytes of workgroup memory");
  expect(() => recurrentBackward(small, { ...before, out: zeros([1, 1, 120]) }, options)).toThrow(
    "recurrent/backward/resident: a state of 120 needs 6240 bytes",
  );
  expect(await recurrent(small, given, { cell: "rnn" }).state.read()).toEqual(new Float64Array(120));
});
