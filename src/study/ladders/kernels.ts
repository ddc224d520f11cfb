// The kernels that are only there to be studied, by how their names begin.
import type { StudyKernel } from "../kernel.ts";

/** Tables of kernels in `shaders/ladders`, each loaded when one of its kernels is. */
export const ladderTables: Readonly<Record<string, () => Promise<{ readonly kernels: readonly StudyKernel[] }>>> = {
  "ladders/attention/": () => import("./kernels/attention.ts"),
  "ladders/copy/": () => import("./kernels/copy.ts"),
  "ladders/experts/": () => import("./kernels/experts.ts"),
  "ladders/histogram/": () => import("./kernels/histogram.ts"),
  "ladders/matrix-vector/": () => import("./kernels/matrix-vector.ts"),
  "ladders/norm/": () => import("./kernels/norm.ts"),
  "ladders/reduction/": () => import("./kernels/reduction.ts"),
  "ladders/rope/": () => import("./kernels/rope.ts"),
  "ladders/scan/": () => import("./kernels/scan.ts"),
  "ladders/softmax/": () => import("./kernels/softmax.ts"),
  "ladders/transpose/": () => import("./kernels/transpose.ts"),
};
