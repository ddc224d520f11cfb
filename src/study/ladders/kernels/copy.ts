// Copies: a piece for each thread, by neighbours, by vectors.
import neighbours from "#shaders/ladders/copy/neighbours.wgsl";
import pieces from "#shaders/ladders/copy/pieces.wgsl";
import vectors from "#shaders/ladders/copy/vectors.wgsl";
import { dense } from "../../../reference/dense.ts";
import { floats } from "../../dispatch.ts";
import { type StudyKernel, shaped } from "../../kernel.ts";

/** A copy by threads that copy so many elements at a step. */
const copy = (source: typeof pieces, width: number): StudyKernel =>
  shaped(source, {
    sizes: { n: { meaning: "elements", usual: 4096, multipleOf: width } },
    small: { sizes: { n: 12 * width }, constants: { WORKGROUP: 4, PIECE: 2 } },
    dispatch: ({ n }, value) => ({
      uniforms: { params: { n } },
      inputs: { x: floats(n) },
      outputs: { y: n },
      workgroups: [Math.ceil(n / (width * value("WORKGROUP") * value("PIECE"))), 1, 1],
    }),
    reference: { name: "dense", results: ({ x }, { n }) => ({ y: dense([n], x) }) },
    cost: { requestedBytes: "8 * n" },
  });

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [copy(pieces, 1), copy(neighbours, 1), copy(vectors, 4)];
