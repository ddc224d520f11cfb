// Layers that carry a state against PyTorch in float64: results and gradients; and a text in pieces.
import { describe, expect, test } from "vitest";
import { type GatedConvolutionWeights, gatedConvolution } from "../../src/blocks/state/gated-convolution.ts";
import { type GatedDeltaNetWeights, gatedDeltaNet } from "../../src/blocks/state/gated-delta-net.ts";
import { type Mamba2Weights, mamba2 } from "../../src/blocks/state/mamba2.ts";
import type { LayerState, StateLayerResult } from "../../src/blocks/state/parts.ts";
import { mul } from "../../src/kernels/elementwise/elementwise.ts";
import { contiguous } from "../../src/kernels/layout/contiguous.ts";
import { sum } from "../../src/kernels/reduce/reduce.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { reshape, slice } from "../../src/tensor/views.ts";
import golden from "../golden/state_layers.json" with { type: "json" };
import { testGpu } from "../support/devices/gpu.ts";
import { gradientsOf } from "../support/numbers/gradients-of.ts";
import { expectClose, type Listed, mapped, type NamedLists } from "../support/numbers/listed.ts";

const gpu = await testGpu();

interface Golden {
  readonly inputs: NamedLists;
  readonly dy: Listed;
  readonly y: Listed;
  readonly gradients: NamedLists;
}

type Named = Readonly<Record<string, Tensor>>;
const eps = 1e-6;
const projections = ["qkv", "z", "b", "a", "in", "out"];

/** The weights as a layer takes them. */
const weightsOf = ({ x: _, ...named }: Named) =>
  Object.fromEntries(Object.entries(named).map(([name, w]) => [name, projections.includes(name) ? { weight: w } : w]));

const layers: Readonly<Record<string, (named: Named, state?: LayerState) => StateLayerResult>> = {
  gatedDeltaNet: (named, state) =>
    gatedDeltaNet(
      gpu,
      { x: named["x"] as Tensor, weights: weightsOf(named) as unknown as GatedDeltaNetWeights, state },
      { heads: 2, valueHeads: 4, eps },
    ),
  mamba2: (named, state) =>
    mamba2(
      gpu,
      { x: named["x"] as Tensor, weights: weightsOf(named) as unknown as Mamba2Weights, state },
      { heads: 4, groups: 2, eps },
    ),
  "mamba2, the norm before the gate": (named, state) =>
    mamba2(
      gpu,
      { x: named["x"] as Tensor, weights: weightsOf(named) as unknown as Mamba2Weights, state },
      { heads: 4, groups: 2, eps, normBeforeGate: true },
    ),
  gatedConvolution: (named, state) =>
    gatedConvolution(gpu, {
      x: named["x"] as Tensor,
      weights: weightsOf(named) as unknown as GatedConvolutionWeights,
      state,
    }),
};

const upload = ({ shape, values }: Listed) => tensor(gpu, shape, values);

describe.each(Object.entries(golden as unknown as Readonly<Record<string, Golden>>))(
  "%s",
  (name, { inputs, dy, y, gradients }) => {
    const layer = layers[name] as (typeof layers)[string];

    test("its results and gradients are PyTorch's to 1e-5", async () => {
      const found = await gradientsOf(gpu, mapped(inputs, upload), (named) => {
        const product = mul(gpu, { a: layer(named).y, b: upload(dy) }).y;
        return sum(gpu, { x: reshape(product, [product.size]) }, { axis: 0 }).y;
      });
      expectClose(await layer(mapped(inputs, upload)).y.read(), y, 1e-5, "y");
      for (const of of Object.keys(gradients)) expectClose(found.gradients[of], gradients[of], 1e-5, `of ${of}`);
    });

    test("a text in pieces, down to single tokens, is the text in one", async () => {
      const named = mapped(inputs, upload);
      const [b = 0, t = 0, c = 0] = y.shape;
      for (const pieces of [[3, t], [1, 2, t], Array.from({ length: t }, (_, i) => i + 1)]) {
        let [from, state]: [number, LayerState | undefined] = [0, undefined];
        for (const to of pieces) {
          const part: StateLayerResult = layer(
            { ...named, x: contiguous(gpu, { x: slice(named["x"] as Tensor, 1, from, to) }).y },
            state,
          );
          const found = await part.y.read();
          for (const [i, value] of found.entries()) {
            const [row, rest] = [Math.floor(i / ((to - from) * c)), i % ((to - from) * c)];
            expect(Math.abs(value - (y.values[row * t * c + from * c + rest] ?? Number.NaN))).toBeLessThan(2e-5);
          }
          [from, state] = [to, part.state];
        }
        expect(from).toBe(t);
      }
      expect(b).toBe(2);
    });
  },
);
