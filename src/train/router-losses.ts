import type { Gpu } from "../gpu/gpu.ts";
import type { Call } from "../gpu/program/dispatch.ts";
import { add, mul } from "../kernels/elementwise/elementwise.ts";
import { fill } from "../kernels/elementwise/fill.ts";
import { type RouteOptions, route } from "../kernels/moe/route.ts";
import { routerStatistics } from "../kernels/moe/router-statistics.ts";
import { sum } from "../kernels/reduce/reduce.ts";
import { type Checks, finite, oneOf } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, slice } from "../tensor/views.ts";

/** Losses of routers, added to that of the predictions. */
export interface RouterLossOptions {
  /** Coefficient of the load-balancing loss; default 0: it is computed, but not added. */
  readonly balance?: number | undefined;
  /** Coefficient of the z-loss, the mean of lse(logits)² of a token, summed over layers; default 0. */
  readonly z?: number | undefined;
  /**
   * `pooled` (default) treats the tokens of all layers as those of one router, and counts every choice of a token
   * (Hugging Face): k if experts are used equally. `layers` is the sum over layers, with shares of choices (Switch
   * Transformers, Fedus et al. 2021, eq. 4): the number of layers if they are used equally.
   */
  readonly form?: "pooled" | "layers" | undefined;
}

/** The checks of {@link RouterLossOptions}. */
export const routerLossChecks: Checks<RouterLossOptions> = {
  balance: finite,
  z: finite,
  form: oneOf("pooled", "layers"),
};

/** Statistics of the routers in a pass. */
export interface RouterLosses {
  /** The load-balancing loss, without its coefficient, `[]`. */
  readonly balance: Tensor;
  /** The z-loss, without its coefficient, `[]`. */
  readonly z: Tensor;
  /**
   * For each layer with experts the sums of `routerStatistics`, `[2e + 1]`: the choices of each expert are e to 2e − 1.
   */
  readonly sums: readonly Tensor[];
}

/** Calls of routers of layers; the gate of a shared expert is a router with one expert and no layer. */
const isRouter = ({ by, options }: Call): boolean => by === route && "layer" in options;

const scaled = (gpu: Gpu, x: Tensor, factor: number) => mul(gpu, { a: x, b: fill(gpu, [1], factor) }).y;
const total = (gpu: Gpu, tensors: readonly Tensor[]) => tensors.reduce((a, b) => add(gpu, { a, b }).y);

/**
 * The losses of the routers among recorded calls; undefined without any. All tokens count, regardless of their targets.
 * Gradients go through the scores, not through the choices.
 */
export function routerLosses(
  gpu: Gpu,
  calls: readonly Call[],
  { form = "pooled" }: Pick<RouterLossOptions, "form"> = {},
): RouterLosses | undefined {
  const routers = calls.filter(isRouter).map(({ tensors, result, options }) => {
    const { logits } = tensors as { readonly logits: Tensor };
    const { experts } = result as { readonly experts: Tensor };
    const { scores } = options as unknown as RouteOptions;
    const [t = 0, e = 0] = logits.shape;
    const { sums } = routerStatistics(gpu, { logits, experts }, { scores });
    return { sums, t, e, k: experts.shape[1] ?? 1 };
  });
  const [first] = routers;
  if (!first) return undefined;
  const { t, e, k } = first;
  const shares = (x: Tensor) => slice(x, 0, 0, e);
  const counts = (x: Tensor) => slice(x, 0, e, 2 * e);
  const product = (x: Tensor, factor: number) => {
    const { y } = sum(gpu, { x: mul(gpu, { a: shares(x), b: counts(x) }).y }, { axis: 0 });
    return scaled(gpu, reshape(y, [1]), factor);
  };
  const all = routers.map(({ sums }) => sums);
  const tokens = t * all.length;
  const balance =
    form === "pooled"
      ? product(total(gpu, all), e / tokens ** 2)
      : total(
          gpu,
          all.map((one) => product(one, e / (t ** 2 * k))),
        );
  const z = scaled(
    gpu,
    total(
      gpu,
      all.map((one) => slice(one, 0, 2 * e, 2 * e + 1)),
    ),
    1 / t,
  );
  return {
    balance: reshape(balance, []),
    z: reshape(z, []),
    sums: all,
  };
}

/** A loss plus those of routers with a coefficient. */
export function withRouters(
  gpu: Gpu,
  loss: Tensor,
  routers: RouterLosses | undefined,
  { balance, z }: RouterLossOptions,
): Tensor {
  if (!routers) return loss;
  const added = [
    [routers.balance, balance],
    [routers.z, z],
  ] as const;
  return added.reduce((sum, [one, factor]) => {
    if (!factor) return sum;
    return add(gpu, { a: sum, b: mul(gpu, { a: one, b: fill(gpu, [], factor) }).y }).y;
  }, loss);
}
