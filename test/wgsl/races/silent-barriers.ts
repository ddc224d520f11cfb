const atomics = "Atomics never race, so the detector has nothing to say. Without it a thread may load";

/**
 * Barriers whose absence the detector does not notice, by their file, function and number in there, each with the
 * reason why it stays.
 */
export const silentBarriers: Readonly<Record<string, string>> = {
  "attention/rows main 2":
    "The next turn writes the weights only after the barriers in workgroup_max, which also order it. It stays so " +
    "that the loop is right whatever the reduction is: one by subgroups has no barrier in workgroup memory.",
  "attention/split-k/store store_parts 2":
    "There is a second turn only where every thread owns its columns, and then it reads what it wrote itself. It " +
    "stays so that the loop is right however columns are shared.",
  "embedding/sort/count main 1": `${atomics} a count before all have counted.`,
  "moe/align/count main 1": `${atomics} a count before all have counted.`,
  "sampling/order workgroup_largest 1": `${atomics} the largest key before another has put in its own.`,
  "sampling/select select_key 1":
    "Atomics never race, so the detector has nothing to say. Without it the 0 that a thread stores in its bin may wipe out " +
    "what another has already added.",
};
