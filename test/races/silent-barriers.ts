const lastCall =
  "It lets the next call of lib/reduce use the memory again, and here none follows. It is what the part promises to " +
  "kernels that call it twice, such as norm/layer-norm, where its absence shows.";

const largest =
  "Atomics never race, so the detector has nothing to say. Without it a thread may load the largest key before another " +
  "has put in its own, and threads would go on with different ones.";

const binEmptied =
  "Atomics never race, so the detector has nothing to say. Without it the 0 that a thread stores in its bin may wipe out " +
  "what another has already added.";

const filtered = {
  "sampling/order workgroup_largest 1": largest,
  "sampling/select select_key 1": binEmptied,
  "sampling/select select_key 2":
    "Atomics never race, so the detector has nothing to say. Without it a thread may load a bin before all have added to it.",
  "lib/reduce workgroup_sum 3": lastCall,
};

/**
 * Barriers whose absence the detector does not notice, by kernel and in the order of its text, each with the reason why
 * it stays.
 */
export const silentBarriers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "attention/backward/diagonals": { "lib/reduce workgroup_sum 3": lastCall },
  "attention/backward/elements": { "lib/reduce workgroup_sum 3": lastCall },
  "attention/backward/sink": { "lib/reduce workgroup_sum 3": lastCall },
  "attention/backward/table": { "lib/reduce workgroup_sum 3": lastCall },
  "optimiser/norm": { "lib/reduce workgroup_sum 3": lastCall },
  "attention/naive/softmax": { "lib/reduce workgroup_sum 3": lastCall },
  "attention/rows": {
    "attention/rows main 2":
      "The next turn writes the weights only after the barriers in workgroup_max, which also order it. It stays so " +
      "that the loop is right whatever the reduction is: one by subgroups has no barrier in workgroup memory.",
    "lib/reduce workgroup_sum 3": lastCall,
    "lib/reduce workgroup_max 3":
      "The barriers around the weights come before the next call. Other callers, such as softmax/workgroup, have none.",
  },
  "attention/split-k/parts": {
    "attention/split-k/store store_parts 2":
      "There is a second turn only where every thread owns its columns, and then it reads what it wrote itself. It " +
      "stays so that the loop is right however columns are shared.",
  },
  "attention/two-pass": { "lib/reduce workgroup_sum 3": lastCall },
  "cross-entropy/backward/lanes": { "lib/reduce workgroup_sum 3": lastCall },
  "cross-entropy/count": { "lib/reduce workgroup_sum 3": lastCall },
  "cross-entropy/mean": { "lib/reduce workgroup_sum 3": lastCall },
  "embedding/sort/count": {
    "embedding/sort/count main 1":
      "Atomics never race, so the detector has nothing to say. Without it a thread may load a count before all have counted.",
  },
  "linear-attention/read-out": { "lib/reduce workgroup_sum 3": lastCall },
  "moe/align/count": {
    "moe/align/count main 1":
      "Atomics never race, so the detector has nothing to say. Without it a thread may load a count before all have counted.",
  },
  "moe/backward/route-lanes": { "lib/reduce workgroup_sum 3": lastCall },
  "norm/rms-norm": { "lib/reduce workgroup_sum 3": lastCall },
  "sampling/accept-drafts": { "lib/reduce workgroup_sum 3": lastCall },
  "sampling/sample": filtered,
  "sampling/beam-totals": {
    "sampling/order workgroup_largest 1": largest,
    "lib/reduce workgroup_sum 3": lastCall,
  },
  "sampling/top-tokens": { "sampling/select select_key 1": binEmptied },
  "sampling/token-logprobs": {
    "sampling/order workgroup_largest 1": largest,
    "lib/reduce workgroup_sum 3": lastCall,
  },
  "sampling/top-logprobs": {
    "sampling/order workgroup_largest 1": largest,
    "lib/reduce workgroup_sum 3": lastCall,
    "sampling/select select_key 1": binEmptied,
  },
  "sampling/token-weights": filtered,
  "norm/rms-norm-registers": { "lib/reduce workgroup_sum 3": lastCall },
  "softmax/backward": { "lib/reduce workgroup_sum 3": lastCall },
  "softmax/backward-registers": { "lib/reduce workgroup_sum 3": lastCall },
  "softmax/log-backward": { "lib/reduce workgroup_sum 3": lastCall },
  "softmax/log-workgroup": { "lib/reduce workgroup_sum 3": lastCall },
  "softmax/online": { "lib/reduce workgroup_sum 3": lastCall },
  "softmax/registers": { "lib/reduce workgroup_sum 3": lastCall },
  "softmax/workgroup": { "lib/reduce workgroup_sum 3": lastCall },
};
