import { describe, expect, it } from "vitest";
import { normal } from "../../src/check/random.ts";
import * as forward from "../../src/reference/activation.ts";
import { softcap } from "../../src/reference/activation.ts";
import * as backward from "../../src/reference/activation-backward.ts";
import { dense } from "../../src/reference/dense.ts";
import { exp } from "../../src/reference/elementwise.ts";
import { expectGradients } from "../support/numbers/central-differences.ts";
import { expectClose } from "./compare.ts";

const x = dense([3, 7], normal(21, 1, 2));

describe("gradients of activations are those of central differences", () => {
  it.each([
    ["gelu", forward.gelu, backward.geluBackward],
    ["geluTanh", forward.geluTanh, backward.geluTanhBackward],
    ["silu", forward.silu, backward.siluBackward],
    ["quickGelu", forward.quickGelu, backward.quickGeluBackward],
    ["relu", forward.relu, backward.reluBackward],
    ["softplus", forward.softplus, backward.softplusBackward],
    ["squaredRelu", forward.squaredRelu, backward.squaredReluBackward],
    ["tanh", forward.tanh, backward.tanhBackward],
    ["logistic", forward.logistic, backward.logisticBackward],
    ["exp", exp, backward.expBackward],
  ])("%s", (_, op, gradient) => {
    expect(Math.min(...x.values.map(Math.abs))).toBeGreaterThan(1e-3); // far from the corner of relu
    expectGradients({ forward: op, backward: (inputs, { y }) => gradient({ ...inputs, dy: y }), inputs: { x } });
  });

  it("softcap", () => {
    for (const cap of [0.7, 3, 50]) {
      expectGradients({
        forward: (inputs) => softcap(inputs, { cap }),
        backward: (inputs, { y }) => backward.softcapBackward({ ...inputs, dy: y }, { cap }),
        inputs: { x },
      });
    }
  });

  it.each([
    ["swiglu", forward.swiglu, backward.swigluBackward],
    ["geglu", forward.geglu, backward.gegluBackward],
    ["gegluErf", forward.gegluErf, backward.gegluErfBackward],
    ["reglu", forward.reglu, backward.regluBackward],
  ])("%s", (_, op, gradient) =>
    expectGradients({
      forward: op,
      backward: (inputs, { y }) => gradient({ ...inputs, dy: y }),
      inputs: { gate: x, up: dense([3, 7], normal(21, 2)) },
    }),
  );
});

describe("gradients of activations at the ends", () => {
  const ones = dense([4], [1, 1, 1, 1]);
  const ends = dense([4], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, -1e300]);

  it("are 1 and 0", () => {
    const { geluBackward, geluTanhBackward, siluBackward, quickGeluBackward, reluBackward } = backward;
    for (const gradient of [geluBackward, geluTanhBackward, siluBackward, quickGeluBackward, reluBackward]) {
      expectClose(gradient({ x: ends, dy: ones }).dx, [1, 0, 1, 0]);
    }
    expectClose(backward.softcapBackward({ x: ends, dy: ones }, { cap: 2 }).dx, [0, 0, 0, 0]);
  });

  it("relu: 0 at 0", () => {
    const dy = dense([3], [5, 5, 5]);
    expect([...backward.reluBackward({ x: dense([3], [0, -0, 1e-300]), dy }).dx.values]).toEqual([0, 0, 5]);
  });

  it("a worked value of each: SiLU and GELU at 0 are 1/2", () => {
    const zero = { x: dense([1], [0]), dy: dense([1], [3]) };
    const { siluBackward, geluBackward, geluTanhBackward, quickGeluBackward } = backward;
    for (const gradient of [siluBackward, geluBackward, geluTanhBackward, quickGeluBackward]) {
      expectClose(gradient(zero).dx, [1.5]);
    }
  });
});
