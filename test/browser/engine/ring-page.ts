// The page of ring.test.ts: a ring of workers, and the same ring on one device of the page.
import {
  openGpu,
  type RingAttentionOptions,
  ringAttention,
  ringAttentionOverPorts,
  tensor,
} from "../../../src/index.ts";

/** Values of q, k and v with their shapes, as they cross over from the test. */
export interface RingInputs {
  readonly shapes: Readonly<Record<"q" | "k" | "v", readonly number[]>>;
  readonly values: Readonly<Record<"q" | "k" | "v", readonly number[]>>;
}

const names = ["q", "k", "v"] as const;

async function overWorkers({ shapes, values }: RingInputs, options: RingAttentionOptions) {
  const { shards = 1, ...rest } = options;
  const workers = Array.from({ length: shards }, () => new Worker("/worker.js", { type: "module" }));
  const travelling = (name: (typeof names)[number]) => ({
    shape: shapes[name],
    dtype: "f32" as const,
    elements: Float32Array.from(values[name]),
  });
  const tensors = { q: travelling("q"), k: travelling("k"), v: travelling("v") };
  const { out, lse, figures, moved } = await ringAttentionOverPorts(workers, tensors, rest);
  for (const worker of workers) worker.terminate();
  return { out: [...out.elements], lse: [...lse.elements], hopBytes: figures.hopBytes, sent: moved.sent };
}

async function onOneDevice({ shapes, values }: RingInputs, options: RingAttentionOptions) {
  using gpu = await openGpu({ features: [] });
  const [q, k, v] = [tensor(gpu, shapes.q, values.q), tensor(gpu, shapes.k, values.k), tensor(gpu, shapes.v, values.v)];
  const { out, lse } = ringAttention(gpu, { q, k, v }, options);
  return { adapter: gpu.adapter.label, out: [...(await out.read())], lse: [...(await lse.read())] };
}

/** The tasks by name. */
export const ringTasks = { overWorkers, onOneDevice };

Object.assign(globalThis, { ringTasks });
