import { headMatmul } from "../../kernels/matmul/heads.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { GradientError } from "../errors.ts";
import { ruleOf } from "../rule.ts";

/** A product for each head, which only a form of latent attention for few queries has. */
export const headMatmulRule = ruleOf<{ readonly x: Tensor; readonly weight: Tensor }, { readonly y: Tensor }>(
  headMatmul,
  () => {
    throw new GradientError(
      'gradients: headMatmul, of the absorbed form of latentAttention, has no gradient; its form "expanded" has',
    );
  },
);
