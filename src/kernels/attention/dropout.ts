import part from "#shaders/attention/dropout/counter.wgsl";
import { fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, tensorFields } from "../arguments.ts";
import { type DropoutOptions, dropoutChecks, firstSite } from "../elementwise/dropout.ts";
import type { WeightDropout } from "./mod.ts";

const [tensors, fields] = [tensorFields("key"), fieldsOf(dropoutChecks)];

/**
 * Dropout of attention's weights after their softmax, as an option of `attention`: a weight is 0 with the probability
 * `rate`, and divided by 1 − rate otherwise (PyTorch's `dropout_p`). key u32 `[2]`: a seed and the number of a step, read
 * when the kernels run. Words `2i` and `2i + 1` of the query at position q are those of Threefry-2x32-20 with counter (q, i)
 * and the key of its head, which are the words of key and counter (batch row · heads + head, 16 + site). So it depends
 * neither on the variant nor on its tiles, and gradients, given the same options, drop the same weights. The log-sum-exp is
 * that of all weights.
 */
export function weightDropout(given: { readonly key: Tensor }, options: DropoutOptions): WeightDropout {
  checkCall("weightDropout", tensors, given, fields, options);
  const { key } = given;
  const { rate, site } = options;
  const uniform = { site: firstSite + site, threshold: Math.floor(rate * 2 ** 32), scale: 1 / (1 - rate) };
  const tensor = { tensor: key, pattern: "[2]", types: ["u32"] } as const;
  const mod = { part, uniforms: { dropout_params: uniform }, tensors: { dropoutKey: tensor } };
  return () => mod;
}
