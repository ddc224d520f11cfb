// Histograms: counted in memory, in workgroup memory, by each thread for itself, by votes of a subgroup.
import storage from "#shaders/ladders/histogram/storage.wgsl";
import subgroups from "#shaders/ladders/histogram/subgroups.wgsl";
import threads from "#shaders/ladders/histogram/threads.wgsl";
import workgroup from "#shaders/ladders/histogram/workgroup.wgsl";
import { dense } from "../../../reference/dense.ts";
import { randomWords } from "../../dispatch.ts";
import { type StudyKernel, shaped } from "../../kernel.ts";

/** Bins of n elements, most of them in the first. */
const crowded = (n: number, bins: number): Uint32Array =>
  randomWords(n).map((word) => Math.floor((word / 2 ** 32) ** 8 * bins));

const counted = (
  source: typeof storage,
  requestedBytes: string,
  few: Readonly<Record<string, number>> = { WORKGROUP: 8 },
): StudyKernel =>
  shaped(source, {
    sizes: { n: { meaning: "elements", usual: 2048 } },
    small: { sizes: { n: 43 }, constants: { ...few, BINS: 6, EACH: 2 } },
    dispatch: ({ n }, value) => ({
      uniforms: { params: { n } },
      inputs: { x: crowded(n, value("BINS")), counts: new Uint32Array(value("BINS")) },
      outputs: {},
      workgroups: [Math.ceil(n / (value("WORKGROUP") * value("EACH"))), 1, 1],
    }),
    reference: {
      name: "counts",
      results: ({ x }, _, value) => {
        const counts = dense([value("BINS")]);
        for (const bin of x ?? []) counts.values[bin] = (counts.values[bin] ?? 0) + 1;
        return { counts };
      },
    },
    cost: { requestedBytes },
  });

const onceAWorkgroup = "4 * n + 4 * BINS * ((n + WORKGROUP * EACH - 1) / (WORKGROUP * EACH))";

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  counted(storage, "8 * n"),
  counted(workgroup, onceAWorkgroup),
  counted(threads, onceAWorkgroup),
  counted(subgroups, onceAWorkgroup, { SUBGROUP: 2 }),
];
