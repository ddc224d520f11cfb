import { type AttentionProblem, attentionInputs, type MatmulProblem, matmulInputs, swapped } from "../problems.ts";
import type { Engine, Prepared } from "./engine.ts";
import { causalMask, type TensorFlow, type TfTensor } from "./tensorflow-api.ts";
import { blockCall, rowsCall } from "./tensorflow-block.ts";
import { loadVendor } from "./vendor.ts";

/** TensorFlow.js: it has no ops for attention and norms, so they are composed the way its users compose them. */
export const tensorflow: Engine = {
  name: "tensorflow.js",
  peer: true,
  summary: "attention, norms and blocks composed of its ops; loads 0.6 MB",
  computes: ["arrays"],
  open: async () => {
    const tf = await loadVendor<TensorFlow>("tensorflow.js");
    if (!(await tf.setBackend("webgpu"))) throw new Error("its WebGPU backend does not start here");
    await tf.ready();
    return {
      version: tf.version_core,
      device: tf.backend().device,
      ways: (problem) => [
        async () => {
          if (problem.op === "matmul") return product(tf, problem);
          if (problem.op === "attention") return attend(tf, problem);
          const { variant, call, inputs } = problem.op === "block" ? blockCall(tf, problem) : rowsCall(tf, problem);
          return prepared(
            tf,
            variant,
            () => tf.tidy(call),
            inputs,
            (out) => out,
          );
        },
      ],
    };
  },
};

/** All head by head, so that nothing has to be transposed; the mask is made once and added. */
function attend(tf: TensorFlow, problem: AttentionProblem): Prepared {
  const { t, s } = problem.group;
  const { h, g, d } = problem.heads;
  const values = attentionInputs(problem);
  // With one token, the query heads of a group are rows of one matrix; otherwise they are separate matrices.
  const [batch, rows] = t === 1 ? [g, h / g] : [h, t];
  const repeated = (cache: Float32Array<ArrayBuffer>) =>
    t === 1 || h === g
      ? tf.tensor(cache, [t === 1 ? g : h, s, d], "float32")
      : tf.tensor(byHeads(cache), [h, s, d], "float32");
  const byHeads = (cache: Float32Array<ArrayBuffer>) => {
    const out = new Float32Array(h * s * d);
    for (let head = 0; head < h; head++) {
      const group = Math.floor(head / (h / g));
      out.set(cache.subarray(group * s * d, (group + 1) * s * d), head * s * d);
    }
    return out;
  };
  const q = tf.tensor(t === 1 ? values.q : swapped(values.q, t, h, d), [batch, rows, d], "float32");
  const [k, v] = [repeated(values.k), repeated(values.v)];
  const mask = t === 1 ? undefined : tf.tensor(causalMask(t, s), [t, s], "float32");
  const call = () => {
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(d));
    return tf.matMul(tf.softmax(mask ? tf.add(scores, mask) : scores), v);
  };
  const tensors = mask ? [q, k, v, mask] : [q, k, v];
  const order = (out: Float32Array<ArrayBuffer>) => (t === 1 ? out : swapped(out, h, t, d));
  return prepared(tf, "matMul, mul, add, softmax, matMul", () => tf.tidy(call), tensors, order);
}

function product(tf: TensorFlow, problem: MatmulProblem): Prepared {
  const { m, k, n } = problem;
  const { x, weight } = matmulInputs(problem);
  const [a, b] = [tf.tensor(x, [m, k], "float32"), tf.tensor(swapped(weight, n, k, 1), [k, n], "float32")];
  return prepared(
    tf,
    "matMul",
    () => tf.matMul(a, b),
    [a, b],
    (out) => out,
  );
}

function prepared(
  tf: TensorFlow,
  variant: string,
  call: () => TfTensor,
  inputs: readonly TfTensor[],
  order: (out: Float32Array<ArrayBuffer>) => ArrayLike<number>,
): Prepared {
  const backend = tf.backend();
  let last: TfTensor | undefined;
  return {
    variant,
    run: () => {
      last?.dispose(); // its memory is reused once the GPU has finished with it
      last = call();
    },
    settle: async () => {
      backend.ensureCommandEncoderReady();
      backend.endComputePassEncoder();
      backend.submitQueue();
      await backend.device.queue.onSubmittedWorkDone();
    },
    read: async () => (last ? order(await last.data()) : []),
    dispose: () => {
      for (const tensor of [last, ...inputs]) tensor?.dispose();
    },
  };
}
