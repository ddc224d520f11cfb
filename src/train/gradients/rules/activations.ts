import {
  exp,
  type Gated,
  geglu,
  gegluErf,
  gelu,
  geluTanh,
  quickGelu,
  reglu,
  relu,
  sigmoid,
  silu,
  softplus,
  squaredRelu,
  swiglu,
  tanh,
} from "../../../kernels/elementwise/activation.ts";
import {
  expBackward,
  geluBackward,
  geluTanhBackward,
  quickGeluBackward,
  reluBackward,
  sigmoidBackward,
  siluBackward,
  softcapBackward,
  softplusBackward,
  squaredReluBackward,
  tanhBackward,
} from "../../../kernels/elementwise/activation-backward.ts";
import { type DropoutOptions, dropout } from "../../../kernels/elementwise/dropout.ts";
import {
  gegluBackward,
  gegluErfBackward,
  regluBackward,
  swigluBackward,
} from "../../../kernels/elementwise/gated-backward.ts";
import { type SoftcapOptions, softcap } from "../../../kernels/elementwise/softcap.ts";
import { contiguous } from "../../../kernels/layout/contiguous.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { type Rule, ruleOf } from "../rule.ts";

type OfX = { readonly x: Tensor };
type Y = { readonly y: Tensor };

/** y = f(x): dx = dy · f′(x). */
const mapRule = (of: typeof silu, backward: typeof siluBackward): Rule =>
  ruleOf<OfX, Y>(of, (gpu, { tensors: { x }, gradient: { y: dy } }) => ({ x: dy && backward(gpu, { x, dy }).dx }));

/** Dropped elements have no gradient, the others that of y times the same factor: the op itself. */
const dropoutRule = ruleOf<OfX & { readonly key: Tensor }, Y, DropoutOptions>(
  dropout,
  (gpu, { tensors: { key }, options: { rate, site }, gradient: { y: dy } }) => ({
    x: dy && dropout(gpu, { x: dy.contiguous ? dy : contiguous(gpu, { x: dy }).y, key }, { rate, site }).y,
  }),
);

/** y = f(gate) · up. */
const gatedRule = (of: typeof swiglu, backward: typeof swigluBackward): Rule =>
  ruleOf<Gated, Y>(of, (gpu, { tensors: { gate, up }, gradient: { y: dy } }) => {
    if (!dy) return {};
    const { dgate, dup } = backward(gpu, { gate, up, dy });
    return { gate: dgate, up: dup };
  });

/** The rules of elementwise functions with a backward op. */
export const activationRules: readonly Rule[] = [
  mapRule(silu, siluBackward),
  mapRule(gelu, geluBackward),
  mapRule(geluTanh, geluTanhBackward),
  mapRule(quickGelu, quickGeluBackward),
  mapRule(relu, reluBackward),
  mapRule(squaredRelu, squaredReluBackward),
  mapRule(softplus, softplusBackward),
  mapRule(tanh, tanhBackward),
  mapRule(sigmoid, sigmoidBackward),
  mapRule(exp, expBackward),
  dropoutRule,
  gatedRule(swiglu, swigluBackward),
  gatedRule(geglu, gegluBackward),
  gatedRule(gegluErf, gegluErfBackward),
  gatedRule(reglu, regluBackward),
  ruleOf<OfX, Y, SoftcapOptions>(softcap, (gpu, { tensors: { x }, options: { cap }, gradient: { y: dy } }) => ({
    x: dy && softcapBackward(gpu, { x, dy }, { cap }).dx,
  })),
];
