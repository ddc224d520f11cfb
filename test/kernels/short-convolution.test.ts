// Short convolutions against PyTorch's conv1d: in the float64 reference, and every variant on the device.
import { describe, expect, test } from "vitest";
import { shortConvolutionBackwardCases, shortConvolutionCases } from "../../src/check/cases/short-convolution.ts";
import { normal } from "../../src/check/random.ts";
import { add, mul } from "../../src/kernels/elementwise/elementwise.ts";
import { fill } from "../../src/kernels/elementwise/fill.ts";
import { sum } from "../../src/kernels/reduce/reduce.ts";
import { shortConvolutionBackward } from "../../src/kernels/short-convolution/backward.ts";
import { shortConvolution } from "../../src/kernels/short-convolution/short-convolution.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import {
  shortConvolution as definition,
  shortConvolutionBackward as definitionBackward,
} from "../../src/reference/models/short-convolution.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { reshape, slice, transpose } from "../../src/tensor/views.ts";
import golden from "../golden/short_convolution.json" with { type: "json" };
import { testGpu } from "../support/devices/gpu.ts";
import { gradientsOf } from "../support/numbers/gradients-of.ts";
import { asDense, expectClose, type Listed, mapped, type NamedLists } from "../support/numbers/listed.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, shortConvolutionCases);
testCases(() => gpu, shortConvolutionBackwardCases);

interface Golden {
  readonly activation: "silu" | "none";
  readonly documents: readonly (readonly number[])[] | null;
  readonly inputs: NamedLists;
  readonly results: NamedLists;
  readonly upstream: NamedLists;
  readonly gradients: NamedLists;
}

const cases = Object.entries(golden as unknown as Readonly<Record<string, Golden>>);

test.each(cases)(
  "%s: the reference is PyTorch's to 1e-10, and so are its gradients",
  (_, { activation, documents, inputs, results, upstream, gradients }) => {
    const [{ x, weight, ...others }, u] = [mapped(inputs, asDense), mapped(upstream, asDense)];
    const ids = documents ? { documents: dense([2, 7], documents.flat()) } : {};
    const given = { x: x as Dense, weight: weight as Dense, ...others, ...ids };
    const found = definition(given, { activation });
    for (const name of Object.keys(results)) {
      expectClose(found[name as "y"].values, results[name], 1e-10, name);
    }
    const back = definitionBackward({ ...given, dy: u["y"], dstate: u["state"] }, { activation });
    for (const name of Object.keys(gradients)) {
      expectClose(back[`d${name}` as "dx"]?.values, gradients[name], 1e-10, `gradient of ${name}`);
    }
  },
);

const variants = ["naive", "window"] as const;

describe.each(variants)("%s", (variant) => {
  test.each(cases)(
    "%s: results and gradients are PyTorch's to 1e-5",
    async (name, { activation, documents, inputs, results, upstream, gradients }) => {
      const upload = ({ shape, values }: Listed) => tensor(gpu, shape, values);
      const [given, u] = [mapped(inputs, upload), mapped(upstream, upload)];
      const ids = documents ? { documents: tensor(gpu, [2, 7], documents.flat(), "u32") } : {};
      const resultsOf = ({ x, weight, ...others }: Readonly<Record<string, Tensor>>) =>
        shortConvolution(gpu, { x: x as Tensor, weight: weight as Tensor, ...others, ...ids }, { activation, variant });
      const found = resultsOf(given);
      for (const one of Object.keys(results)) {
        expectClose(await found[one as "y"].read(), results[one], 1e-5, `${name}: ${one}`);
      }
      const { gradients: back } = await gradientsOf(gpu, given, (all) => {
        const ours = resultsOf(all);
        return Object.keys(results).reduce(
          (total, one) => {
            const { y } = mul(gpu, { a: ours[one as "y"], b: u[one] as Tensor });
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

  const [b, t, channels, width] = [2, 37, 5, 4];
  const given = {
    x: tensor(gpu, [b, t, channels], normal(b * t * channels, 1)),
    weight: tensor(gpu, [channels, width], normal(channels * width, 2)),
    bias: tensor(gpu, [channels], normal(channels, 3)),
  };
  const starts = [0, 1, 5, 6, 22]; // of documents, in both rows
  const ids = Array.from({ length: b * t }, (_, i) => starts.filter((start) => start <= i % t).length);
  const documents = tensor(gpu, [b, t], ids, "u32");
  const options = { activation: "silu", variant } as const;

  test.each([false, true])("two calls anywhere give the bits of one, documents %s", async (several) => {
    const of = (begin: number, end: number, state?: Tensor) =>
      shortConvolution(
        gpu,
        {
          ...given,
          x: slice(given.x, 1, begin, end),
          ...(several ? { documents: slice(documents, 1, begin, end) } : {}),
          ...(state ? { state } : {}),
        },
        options,
      );
    const whole = of(0, t);
    const [y, last] = [await whole.y.read(), await whole.state.read()];
    for (let cut = 0; cut <= t; cut++) {
      const before = of(0, cut);
      // A call does not know where the document of its state ended: it begins with zeros where a document does.
      const begins = several && starts.includes(cut);
      const after = of(cut, t, begins ? undefined : before.state);
      const parts = [await before.y.read(), await after.y.read()];
      for (let row = 0; row < b; row++) {
        const rowOf = (all: ArrayLike<number>, tokens: number) =>
          Array.from(all).slice(row * tokens * channels, (row + 1) * tokens * channels);
        const joined = [...rowOf(parts[0] ?? [], cut), ...rowOf(parts[1] ?? [], t - cut)];
        expect(joined, `row ${row} cut at ${cut}`).toEqual(rowOf(y, t));
      }
      expect(await after.state.read(), `state after a cut at ${cut}`).toEqual(last);
    }
  });

  test("tokens that follow change nothing before them", async () => {
    const whole = await shortConvolution(gpu, given, options).y.read();
    for (const end of [1, 15, 16, 17, 36]) {
      const { y } = shortConvolution(gpu, { ...given, x: slice(given.x, 1, 0, end) }, options);
      expect(await y.read()).toEqual(
        await slice(reshape(tensor(gpu, [b, t, channels], whole), [b, t, channels]), 1, 0, end).read(),
      );
    }
  });

  test("a NaN stays in its document, its channel and the width of the weight", async () => {
    const values = normal(b * t * channels, 1);
    const [token, channel] = [5, 2];
    values[token * channels + channel] = Number.NaN;
    const call = (more: object) =>
      shortConvolution(gpu, { ...given, x: tensor(gpu, [b, t, channels], values), ...more }, options);
    const spoiled = async (y: Tensor) => [...(await y.read())].flatMap((value, i) => (Number.isNaN(value) ? [i] : []));
    const after = Array.from({ length: width }, (_, i) => (token + i) * channels + channel);
    expect(await spoiled(call({}).y)).toEqual(after);
    expect(await spoiled(call({ documents }).y)).toEqual(after.slice(0, 1)); // the next document begins at 6
    expect(await spoiled(call({ documents }).state)).toEqual([]);
    const state = tensor(gpu, [b, width - 1, channels], Array(b * (width - 1) * channels).fill(Number.NaN));
    const first = Array.from(
      { length: b * channels },
      (_, i) => Math.floor(i / channels) * t * channels + (i % channels),
    );
    expect(await spoiled(shortConvolution(gpu, { ...given, state, documents }, options).y)).toEqual(first);
  });
});

test("views are taken as they are, and a call gives the same bits every time", async () => {
  const [b, t, channels, width] = [2, 40, 6, 3];
  const wide = tensor(gpu, [b, channels + 3, t], normal(b * (channels + 3) * t, 1));
  const weight = transpose(tensor(gpu, [width, channels], normal(width * channels, 2)));
  const x = transpose(slice(wide, 1, 2, 2 + channels));
  const copy = (view: Tensor) => view.read().then((values) => tensor(gpu, view.shape, values));
  const state = transpose(tensor(gpu, [b, channels, width - 1], normal(b * channels * (width - 1), 3)));
  const dy = transpose(tensor(gpu, [b, channels, t], normal(b * channels * t, 4)));
  const [views, copies] = [
    { x, weight, state, dy },
    { x: await copy(x), weight: await copy(weight), state: await copy(state), dy: await copy(dy) },
  ];
  const read = async (all: typeof views) => {
    const { dy: _, ...forward } = all;
    const { y, state: last } = shortConvolution(gpu, forward);
    const { dx, dweight, dstate } = shortConvolutionBackward(gpu, all, { activation: "silu" });
    return Promise.all([y, last, dx, dweight, dstate].map((one) => one?.read()));
  };
  const found = await read(views);
  expect(found).toEqual(await read(copies));
  expect(found).toEqual(await read(views));
});

test("gradients are those that are needed", () => {
  const zeros = (...shape: number[]) => fill(gpu, shape, 0);
  const given = { x: zeros(2, 3, 4), weight: zeros(4, 3), bias: zeros(4), state: zeros(2, 2, 4), dy: zeros(2, 3, 4) };
  const names = (needs: object) => Object.keys(shortConvolutionBackward(gpu, given, { needs })).sort();
  expect(names({})).toEqual(["dbias", "dstate", "dweight", "dx"]);
  expect(names({ x: false, state: false })).toEqual(["dbias", "dweight"]);
  expect(names({ weight: false, bias: false })).toEqual(["dstate", "dx"]);
  expect(names({ x: false, weight: false, bias: false })).toEqual(["dstate"]);
  const { bias: _, state: __, ...rest } = given;
  expect(Object.keys(shortConvolutionBackward(gpu, rest)).sort()).toEqual(["dweight", "dx"]);
});

test("what does not fit is refused, and named", () => {
  const zeros = (...shape: number[]) => fill(gpu, shape, 0);
  const given = { x: zeros(2, 3, 4), weight: zeros(4, 3) };
  const call =
    (changed: object, options: object = {}) =>
    () =>
      shortConvolution(gpu, { ...given, ...changed }, options);
  expect(call({ weight: zeros(5, 3) })).toThrow(
    "weight is [5, 3], expected [channels, width] with channels = 4 (from x)",
  );
  for (const width of [0, 9]) {
    expect(call({ weight: zeros(4, width) })).toThrow(
      `shortConvolution: weight is [4, ${width}], expected [channels, width] with a width of 1 to 8`,
    );
  }
  expect(call({ weight: zeros(4, 1, 3) })).toThrow("weight is [4, 1, 3], expected [channels, width] with 2 axes");
  expect(call({ state: zeros(2, 3, 4) })).toThrow("state is [2, 3, 4], expected [b, 2, channels] with 2 at axis 1");
  expect(call({ state: zeros(1, 2, 4) })).toThrow("with b = 2 (from x)");
  expect(call({ bias: zeros(3) })).toThrow("bias is [3], expected [channels]");
  expect(call({ documents: zeros(2, 3) })).toThrow("shortConvolution: documents is f32, expected u32");
  expect(call({ documents: tensor(gpu, [2, 2], [0, 0, 0, 0], "u32") })).toThrow("with t = 3 (from x)");
  expect(call({}, { activation: "gelu" })).toThrow("activation is");
  expect(call({}, { variant: "tiled" })).toThrow("there is no such variant; there are naive, window");
  expect(call({ wieght: given.weight })).toThrow("wieght");
  const back = (changed: object) => () => shortConvolutionBackward(gpu, { ...given, ...changed });
  expect(back({ dy: zeros(2, 2, 4) })).toThrow("shortConvolutionBackward: dy is [2, 2, 4]");
  expect(back({ dstate: zeros(2, 3, 4) })).toThrow("dstate is [2, 3, 4], expected [b, 2, channels]");
});
