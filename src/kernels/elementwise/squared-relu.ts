import activationSquaredRelu from "#shaders/lib/activation/squared-relu.wgsl";
import { defineMap } from "./map.ts";

/** ReLU squared, `max(x, 0)²` (So et al. 2021, section 4.1). `x` is f32 of any shape, `y` like it. */
export const squaredRelu = defineMap("squared-relu", activationSquaredRelu, 1);
