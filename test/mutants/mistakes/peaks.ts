import { inShader, type Mistake } from "../mutant.ts";

/** Mistakes in the kernels that measure a device: work that is claimed and not done. */
export const peakMistakes: readonly Mistake[] = [
  inShader("peaks/multiply-add", "d = fma(d, factor, step);", "", "three quarters of the operations that are counted"),
  inShader(
    "peaks/multiply-add",
    "turn < params.turns",
    "turn + UNROLLED < params.turns",
    "the last turns are left out",
  ),
  inShader("peaks/read", "j += LANES", "j += 2 * LANES", "half of what is counted is read"),
  inShader("peaks/copy", "j < RUN", "j < RUN - 1", "a quarter is not copied"),
  inShader("peaks/workgroup-memory", "workgroupBarrier();", "", "the tile is read before it is filled"),
  inShader("peaks/workgroup-memory", "thread + turn + j", "thread + turn", "one vector is read again and again"),
  inShader("peaks/increment", "+= 1", "= 1", "dispatches do not depend on one another"),
];
