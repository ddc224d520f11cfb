import activationRelu from "#shaders/lib/activation/relu.wgsl";
import { defineMap } from "./map.ts";

/** ReLU, `max(x, 0)` (Nair and Hinton 2010). `x` is f32 of any shape, `y` like it. */
export const relu = defineMap("relu", activationRelu, 0);
