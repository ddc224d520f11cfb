import { positive, required } from "../options/checks.ts";
import { type Dense, dense } from "./dense.ts";
import { given, tensor } from "./given.ts";

/** `cap · tanh(x / cap)` of every element (Gemma 2, section 2); NaN and infinities stay as they are. */
export function softcap(tensors: { x: Dense }, options: { cap: number }): { y: Dense } {
  const { x } = given("softcap", tensors, { x: tensor });
  const { cap } = given("softcap", options, { cap: required(positive) });
  return {
    y: dense(
      x.shape,
      x.values.map((u) => (Number.isFinite(u) ? cap * Math.tanh(u / cap) : u)),
    ),
  };
}
