// Sums of blocks, from a tree whose threads take both branches to a subgroup.
import firstAdd from "#shaders/ladders/reduction/first-add.wgsl";
import interleaved from "#shaders/ladders/reduction/interleaved.wgsl";
import remainder from "#shaders/ladders/reduction/remainder.wgsl";
import sequential from "#shaders/ladders/reduction/sequential.wgsl";
import subgroups from "#shaders/ladders/reduction/subgroups.wgsl";
import { dense } from "../../../reference/dense.ts";
import { sum } from "../../../reference/reduce.ts";
import { floats } from "../../dispatch.ts";
import { type StudyKernel, shaped } from "../../kernel.ts";

const ofBlocks = (source: typeof remainder, constants: Readonly<Record<string, number>>): StudyKernel =>
  shaped(source, {
    sizes: { n: { meaning: "elements", usual: 4096 } },
    small: { sizes: { n: 43 }, constants },
    dispatch: ({ n }, value) => {
      const blocks = Math.ceil(n / value("BLOCK"));
      return {
        uniforms: { params: { n } },
        inputs: { x: floats(n) },
        outputs: { y: blocks },
        workgroups: [blocks, 1, 1],
      };
    },
    reference: {
      name: "sum",
      results: ({ x }, { n }, value) => {
        const [block, blocks] = [value("BLOCK"), Math.ceil(n / value("BLOCK"))];
        const whole = dense([blocks, block]);
        whole.values.set(x ?? []);
        return sum({ x: whole }, { axis: 1 });
      },
    },
    cost: { requestedBytes: "4 * n + 4 * ((n + BLOCK - 1) / BLOCK)" },
  });

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  ofBlocks(remainder, { WORKGROUP: 16 }),
  ofBlocks(interleaved, { WORKGROUP: 16 }),
  ofBlocks(sequential, { WORKGROUP: 16 }),
  ofBlocks(firstAdd, { WORKGROUP: 16 }),
  ofBlocks(subgroups, { SUBGROUP: 2, EACH: 4 }),
];
