import activationSigmoid from "#shaders/lib/activation/sigmoid.wgsl";
import { defineMap } from "./map.ts";

/** The logistic function, `1 / (1 + exp(−x))`. `x` is f32 of any shape, `y` like it. */
export const sigmoid = defineMap("sigmoid", activationSigmoid, 3);
