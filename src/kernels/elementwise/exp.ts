import activationExp from "#shaders/lib/activation/exp.wgsl";
import { defineMap } from "./map.ts";

/** The exponential of every element, base e. `x` is f32 of any shape, `y` like it. */
export const exp = defineMap("exp", activationExp, 1);
