import naiveSource from "#shaders/moe/backward/route.wgsl";
import lanesSource from "#shaders/moe/backward/route-lanes.wgsl";
import slopesSigmoid from "#shaders/moe/score-slopes/sigmoid.wgsl";
import slopesSoftmax from "#shaders/moe/score-slopes/softmax.wgsl";
import scoresSigmoid from "#shaders/moe/scores/sigmoid.wgsl";
import scoresSoftmax from "#shaders/moe/scores/softmax.wgsl";
import { constantsOf, type Shader } from "../../gpu/shader/specialise.ts";
import { fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { tuning } from "../tuning.ts";
import { checkRule, type RoutingRule, ruleChecks } from "./route.ts";

/** A router's logits f32 `[t, e]`, its choices u32 `[t, k]`, and the gradients of their weights f32 `[t, k]`. */
export interface RouteGradientTensors {
  readonly logits: Tensor;
  readonly experts: Tensor;
  readonly dweights: Tensor;
}

/** The gradient of a router's logits `[t, e]`. */
export interface LogitGradient {
  readonly dlogits: Tensor;
}

type Call = RoutingRule & Into<LogitGradient>;

/** Parts of each kind of scores. */
export const scoreParts = {
  softmax: [scoresSoftmax, slopesSoftmax],
  sigmoid: [scoresSigmoid, slopesSigmoid],
} as const;

type Axes = Readonly<Record<"t" | "e" | "k", number>>;

const ofTokens = {
  inputs: { logits: "[t, e]", experts: "[t, k]", dweights: "[t, k]" },
  outputs: { dlogits: "[t, e]" },
  accepts: { experts: ["u32"] },
  check: ({ e }: Axes, rule: RoutingRule) => checkRule(e, rule),
  params: ({ t }: Axes, { scale = 1 }: RoutingRule) => ({ tokens: t, scale }),
  cost: ({ t, e, k }: Axes) => ({ flops: t * e * (k + 8), requestedBytes: 4 * t * (e * (k + 4) + 4 * k) }),
} as const;

const specialised = ({ e, k }: Axes, { scores, normalise }: RoutingRule) => ({
  parts: [...scoreParts[scores]],
  constants: { EXPERTS: e, CHOICES: k, NORMALISE: normalise },
});

/** A thread a token. */
const naive = {
  record: defineKernel({
    ...ofTokens,
    name: "moe/backward/route",
    source: naiveSource,
    specialise: specialised,
    threads: ({ t }) => t,
  }),
};

/** Threads that share a token with so many experts. */
export const lanesOfToken = (experts: number): { readonly LANES: number } => ({ LANES: experts <= 32 ? 4 : 16 });

/** The grid of kernels with such threads. */
export const tokenGroups = (
  { t }: Readonly<Record<"t", number>>,
  _options: object,
  _context: object,
  shader: Shader,
) => {
  const { WORKGROUP, LANES } = constantsOf(shader, "WORKGROUP", "LANES");
  return [Math.ceil((t * LANES) / WORKGROUP)] as [number];
};

/** Several threads a token. */
const lanes = {
  record: defineKernel({
    ...ofTokens,
    name: "moe/backward/route-lanes",
    source: lanesSource,
    specialise: (axes, rule) => {
      const { parts, constants } = specialised(axes, rule);
      return { parts, constants: { ...constants, ...lanesOfToken(axes.e) } };
    },
    workgroups: tokenGroups,
  }),
};

const variants = { lanes, naive } as const;

/**
 * The gradient of a router's logits, from that of the weights of {@link route}: logits `[t, e]`, experts u32 `[t, k]`
 * and dweights `[t, k]` → dlogits `[t, e]`. Which experts are chosen counts as constant, so a bias of the choice has no
 * gradient. Weights that are shares of the chosen, or sigmoids, give a gradient to the logits of the chosen alone;
 * shares of all give one to all. Throws `ShapeError` for a rule that does not fit the experts.
 */
export const routeBackward = defineOp<RouteGradientTensors, Call, LogitGradient, typeof variants>(
  { name: "moe/route-backward", variants, order: (_tensors, _options, gpu) => tuning(gpu).routerGradients },
  {
    tensors: tensorFields("logits", "experts", "dweights"),
    options: fieldsOf<Call>({ ...ruleChecks, into: intoOf("dlogits") }),
  },
);
