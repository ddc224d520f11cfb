import part from "#shaders/attention/scores/softcap.wgsl";
import { factor } from "../records/parameters.ts";
import { defineScore } from "../records/score-record.ts";

const f = Math.fround;

/** `cap · tanh(score / cap)` (Gemma 2, section 2). */
export const softcap = defineScore({
  name: "softcap",
  part,
  parameters: { cap: factor(50) },
  emulation:
    ({ cap }) =>
    (value) =>
      f(f(cap) * tanh(f(value / f(cap)))),
  // tanh errs as much as its two exponentials; the cap scales that to an error of the score, and exp to one of a
  // weight.
  builtins: ({ cap }) => cap,
  examples: () => ({ softcap: { cap: 1.5 } }),
});

/** tanh as WGSL's accuracy table has it: the quotient of the hyperbolic sine and cosine, from exponentials. */
function tanh(x: number): number {
  const [up, down] = [f(Math.exp(x)), f(Math.exp(-x))];
  return Number.isFinite(up) && Number.isFinite(down) ? f(f(up - down) / f(up + down)) : Math.sign(x);
}
