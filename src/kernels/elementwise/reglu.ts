import activationRelu from "#shaders/lib/activation/relu.wgsl";
import { defineGated } from "./activation.ts";

/** ReGLU between its projections: `y = relu(gate) · up` (Shazeer 2020, equation 5). */
export const reglu = defineGated("reglu", activationRelu, 1);
