import { asContiguous } from "../../../kernels/layout/contiguous.ts";
import { recurrentBackward } from "../../../kernels/recurrent/backward.ts";
import type { RecurrentOptions, RecurrentTensors } from "../../../kernels/recurrent/problem.ts";
import { type RecurrentResult, recurrent } from "../../../kernels/recurrent/recurrent.ts";
import { ruleOf } from "../rule.ts";

/** Backpropagation through time: all inputs get theirs from one walk over the steps, from the last to the first. */
export const recurrentRule = ruleOf<RecurrentTensors, RecurrentResult, RecurrentOptions>(
  recurrent,
  (gpu, { tensors, options, result: { out }, gradient, needs }) => {
    const upstream = { dout: gradient.out, dstate: gradient.state, dcell: gradient.cell };
    const whole = Object.entries(upstream).flatMap(([name, of]) =>
      of ? [[name, asContiguous(gpu, of)] as const] : [],
    );
    const wanted = (["x", "weightIh", "weightHh", "biasIh", "biasHh"] as const).map((name) => [name, needs.has(name)]);
    const found = recurrentBackward(
      gpu,
      { ...tensors, out, ...Object.fromEntries(whole) },
      { ...options, needs: Object.fromEntries(wanted) },
    );
    return {
      x: found.dx,
      weightIh: found.dweightIh,
      weightHh: found.dweightHh,
      biasIh: found.dbiasIh,
      biasHh: found.dbiasHh,
      state: found.dstate,
      cell: found.dcell,
    };
  },
);
