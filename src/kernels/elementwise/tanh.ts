import activationTanh from "#shaders/lib/activation/tanh.wgsl";
import { defineMap } from "./map.ts";

/** The hyperbolic tangent. `x` is f32 of any shape, `y` like it; ±1 of infinities. */
export const tanh = defineMap("tanh", activationTanh, 15);
