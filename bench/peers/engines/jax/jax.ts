import { openUrl } from "../../../../src/index.ts";
import { textModelAddress } from "../../generate.ts";
import { type AttentionProblem, attentionInputs, type MatmulProblem, matmulInputs, swapped } from "../../problems.ts";
import type { Engine, Prepared } from "../engine.ts";
import { loadVendor } from "../vendor.ts";
import type { Jax, JaxArray } from "./jax-api.ts";
import { blockCall, rowsCall } from "./jax-block.ts";
import { trainWays } from "./jax-train.ts";

/** Maximum number of pending results: each needs memory. */
const maxPending = 32;

/** jax-js: a compiled function, run the way its users run it. */
export const jax: Engine = {
  name: "jax-js",
  peer: true,
  summary:
    "nn.dotProductAttention, einsum, numpy.matmul, nn.softmax, nn.standardize and valueAndGrad under jit; loads 0.3 MB",
  computes: ["arrays", "training"],
  open: async () => {
    const api = await loadVendor<Jax & { version: string }>("jax.js");
    const devices = await api.init("webgpu");
    if (!devices.includes("webgpu")) throw new Error("it has no WebGPU device here");
    api.defaultDevice("webgpu");
    return {
      version: api.version,
      device: api.getWebGPUDevice(),
      ways: (problem) => {
        if (problem.op === "matmul") return [() => product(api, problem)];
        if (problem.op !== "attention") {
          return [
            () => {
              const { variant, call, inputs } =
                problem.op === "block" ? blockCall(api, problem) : rowsCall(api, problem);
              return prepared(api, variant, call, inputs);
            },
          ];
        }
        const grouped = problem.group.t > 1 && problem.heads.g !== problem.heads.h;
        return [() => attend(api, problem), ...(grouped ? [] : [() => attendByHeads(api, problem)])];
      },
      training: (problem) => trainWays(api, problem, () => openUrl(textModelAddress())),
    };
  },
};

/** Shapes are `[length, heads, width]`. The last query of a decode step sees everything, so there is no mask. */
function attend(api: Jax, problem: AttentionProblem): Promise<Prepared> {
  const { t, s } = problem.group;
  const { h, g, d } = problem.heads;
  const { q, k, v } = attentionInputs(problem);
  const inputs = [
    api.numpy.array(q).reshape([t, h, d]),
    api.numpy.array(swapped(k, g, s, d)).reshape([s, g, d]),
    api.numpy.array(swapped(v, g, s, d)).reshape([s, g, d]),
  ];
  const options = { isCausal: t > 1 };
  const call = (...[queries, keys, values]: JaxArray[]) =>
    api.nn.dotProductAttention(...([queries, keys, values] as [JaxArray, JaxArray, JaxArray]), options);
  return prepared(api, "nn.dotProductAttention", call, inputs);
}

/**
 * The same composed of its operations, head by head, in a layout that its function does not use; with one token, the
 * query heads of a group are rows of one matrix.
 */
function attendByHeads(api: Jax, problem: AttentionProblem): Promise<Prepared> {
  const { t, s } = problem.group;
  const { h, g, d } = problem.heads;
  const { q, k, v } = attentionInputs(problem);
  const inputs = [
    api.numpy.array(t === 1 ? q : swapped(q, t, h, d)).reshape(t === 1 ? [g, h / g, d] : [h, t, d]),
    api.numpy.array(k).reshape([g, s, d]),
    api.numpy.array(v).reshape([g, s, d]),
  ];
  const call = (...[queries, keys, values]: JaxArray[]) => {
    const { numpy, nn } = api;
    const scores = numpy.einsum("gld,gsd->gls", queries as JaxArray, keys as JaxArray).mul(1 / Math.sqrt(d));
    const visible = t === 1 ? scores : numpy.where(numpy.tri(t, s, 0, { dtype: "bool" }), scores, -Infinity);
    return numpy.einsum("gls,gsd->gld", nn.softmax(visible, -1), values as JaxArray);
  };
  const order = (out: Float32Array<ArrayBuffer>) => (t === 1 ? out : swapped(out, h, t, d));
  return prepared(api, "einsum, softmax, einsum", call, inputs, order);
}

function product(api: Jax, problem: MatmulProblem): Promise<Prepared> {
  const { m, k, n } = problem;
  const { x, weight } = matmulInputs(problem);
  const inputs = [api.numpy.array(x).reshape([m, k]), api.numpy.array(swapped(weight, n, k, 1)).reshape([k, n])];
  const call = (...[a, b]: JaxArray[]) => api.numpy.matmul(...([a, b] as [JaxArray, JaxArray]));
  return prepared(api, "numpy.matmul", call, inputs);
}

async function prepared(
  api: Jax,
  variant: string,
  call: (...inputs: JaxArray[]) => JaxArray,
  inputs: readonly JaxArray[],
  order = (out: Float32Array<ArrayBuffer>): ArrayLike<number> => out,
): Promise<Prepared> {
  await Promise.all(inputs.map((input) => input.blockUntilReady()));
  const compiled = api.jit(call);
  let last: JaxArray | undefined;
  // Nothing runs until a result is awaited, and a result disposed before that is never computed.
  let pending: JaxArray[] = [];
  let waits: Promise<unknown>[] = [];
  const settle = async () => {
    await Promise.all(waits);
    for (const done of [last, ...pending.slice(0, -1)]) if (done && done !== pending.at(-1)) done.dispose();
    last = pending.at(-1) ?? last;
    [pending, waits] = [[], []];
  };
  return {
    variant: `${variant}, jit`,
    run: () => {
      const result = compiled(...inputs.map((input) => input.ref));
      pending.push(result);
      waits.push(result.blockUntilReady());
      return pending.length >= maxPending ? settle() : undefined;
    },
    settle,
    read: async () => (last ? order(await last.ref.data()) : []),
    dispose: () => {
      for (const array of [last, ...inputs]) array?.dispose();
      compiled.dispose?.();
    },
  };
}
