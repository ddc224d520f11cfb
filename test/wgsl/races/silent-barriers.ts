/**
 * Barriers whose absence nothing shows, by their file, function and number in there, each with the reason why it stays.
 */
export const silentBarriers: Readonly<Record<string, string>> = {
  "attention/rows main 2":
    "The next turn writes the weights only after the barriers in workgroup_max, which also order it. It stays so " +
    "that the loop is right whatever the reduction is: one by subgroups has no barrier in workgroup memory.",
  "attention/split-k/store store_parts 2":
    "There is a second turn only where every thread owns its columns, and then it reads what it wrote itself. It " +
    "stays so that the loop is right however columns are shared.",
};
