// All kernels by name. Tables are loaded when one of their kernels is: a page has no texts of others.
import { OptionError } from "../options/errors.ts";
import type { StudyKernel } from "./kernel.ts";
import { ladderTables } from "./ladders/kernels.ts";

/** Tables by how the names of their kernels begin: of several, the longest counts. */
const tables: Readonly<Record<string, () => Promise<{ readonly kernels: readonly StudyKernel[] }>>> = {
  "alignment/": () => import("./dispatches/alignment.ts"),
  "attention/": () => import("./dispatches/attention.ts"),
  "attention/backward/": () => import("./dispatches/attention-backward.ts"),
  "attention/block-map/": () => import("./dispatches/attention-pieces.ts"),
  "attention/merge": () => import("./dispatches/attention-pieces.ts"),
  "attention/split-k/": () => import("./dispatches/attention-pieces.ts"),
  "cross-entropy/": () => import("./dispatches/cross-entropy.ts"),
  "elementwise/": () => import("./dispatches/elementwise.ts"),
  "embedding/": () => import("./dispatches/embedding.ts"),
  "gemm/": () => import("./dispatches/gemm.ts"),
  "kv-cache/": () => import("./dispatches/kv-cache.ts"),
  "layout/": () => import("./dispatches/layout.ts"),
  "linear-attention/": () => import("./dispatches/linear-attention.ts"),
  "linear-recurrence/": () => import("./dispatches/linear-recurrence.ts"),
  "matmul/": () => import("./dispatches/matmul.ts"),
  "moe/": () => import("./dispatches/moe.ts"),
  "moe/backward/": () => import("./dispatches/moe-backward.ts"),
  "moe/grouped": () => import("./dispatches/moe-products.ts"),
  "moe/subgroups": () => import("./dispatches/moe-products.ts"),
  "moe/vector": () => import("./dispatches/moe-products.ts"),
  "norm/": () => import("./dispatches/norm.ts"),
  "optimizer/": () => import("./dispatches/optimizer.ts"),
  "peaks/": () => import("./dispatches/peaks.ts"),
  "recurrent/": () => import("./dispatches/recurrent.ts"),
  "reduce/": () => import("./dispatches/reduce.ts"),
  "rope/": () => import("./dispatches/rope.ts"),
  "sampling/": () => import("./dispatches/sampling.ts"),
  "selected-keys/": () => import("./dispatches/linear-attention.ts"),
  "short-convolution/": () => import("./dispatches/short-convolution.ts"),
  "softmax/": () => import("./dispatches/softmax.ts"),
  ...ladderTables,
};

/** Puzzles, which are wrong on purpose: they are found by name, and are not among all kernels. */
const puzzles = async () => ({ kernels: (await import("./puzzles/puzzles.ts")).puzzles.map(({ kernel }) => kernel) });

/** A kernel by its name, such as `gemm/tiled`. Throws OptionError where there is none, with those that are close. */
export async function studyKernel(name: string): Promise<StudyKernel> {
  const fitting = Object.keys(tables).filter((beginning) => name.startsWith(beginning));
  const longest = fitting.reduce((one, other) => (other.length > one.length ? other : one), "");
  const load = name.startsWith("puzzles/") ? puzzles : tables[longest];
  const { kernels } = (await load?.()) ?? { kernels: [] };
  const found = kernels.find(({ source }) => source.name === name);
  if (found) return found;
  const names = kernels.map(({ source }) => source.name);
  const others = names.length > 0 ? names : Object.keys(tables).filter((one) => one.indexOf("/") === one.length - 1);
  throw new OptionError(`there is no kernel ${name}; there are ${others.join(", ")}`);
}

/** Every kernel, by name. */
export async function studyKernels(): Promise<ReadonlyMap<string, StudyKernel>> {
  const loaded = await Promise.all(Object.values(tables).map((load) => load()));
  return new Map(loaded.flatMap(({ kernels }) => kernels).map((kernel) => [kernel.source.name, kernel]));
}
