import { headMatmul } from "../../kernels/matmul/heads.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { GradientError, type Rule, ruleOf } from "./rule.ts";
import { activationRules } from "./rules/activations.ts";
import { additiveScoresRule, maskLengthsRule } from "./rules/alignment.ts";
import { attentionRule, tableAttentionRule } from "./rules/attention.ts";
import { addRule, castRule, divRule, mulRule, subRule, whereRule } from "./rules/elementwise.ts";
import { concatRule, contiguousRule, hadamardRule, meanRule, ropeRule, sumRule } from "./rules/layout.ts";
import { deltaRuleRule, stateSpaceRule } from "./rules/linear-recurrence.ts";
import { adaptedExpertsRule, expertChoiceRule, expertsRules, routeRule, statisticsRule } from "./rules/mixture.ts";
import { addLayerNormRule, addRmsNormRule, layerNormRule, rmsNormRule, softmaxRule } from "./rules/norms.ts";
import { l2NormaliseRule, logSoftmaxRule, maxRule, segmentsRule } from "./rules/pooling.ts";
import { gemmRule, matmulRule } from "./rules/products.ts";
import { recurrentRule } from "./rules/recurrent.ts";
import { shortConvolutionRule } from "./rules/short-convolution.ts";
import { crossEntropyRule, gatherRule, linearCrossEntropyRule } from "./rules/tokens.ts";

/** A product per head, used only by the form of latent attention for few queries. */
const headMatmulRule = ruleOf<{ readonly x: Tensor; readonly weight: Tensor }, { readonly y: Tensor }>(
  headMatmul,
  () => {
    throw new GradientError(
      'gradients: headMatmul, of the absorbed form of latentAttention, has no gradient; its form "expanded" has',
    );
  },
);

// The table of rules: which ops have gradients, and their rules.

/** The rules of the ops that have gradients. */
export const rules: readonly Rule[] = [
  addRule,
  subRule,
  mulRule,
  divRule,
  whereRule,
  castRule,
  contiguousRule,
  concatRule,
  sumRule,
  meanRule,
  maxRule,
  segmentsRule,
  l2NormaliseRule,
  hadamardRule,
  ropeRule,
  matmulRule,
  gemmRule,
  rmsNormRule,
  addRmsNormRule,
  layerNormRule,
  addLayerNormRule,
  softmaxRule,
  logSoftmaxRule,
  attentionRule,
  tableAttentionRule,
  gatherRule,
  crossEntropyRule,
  routeRule,
  expertChoiceRule,
  statisticsRule,
  ...expertsRules,
  adaptedExpertsRule,
  linearCrossEntropyRule,
  recurrentRule,
  shortConvolutionRule,
  deltaRuleRule,
  stateSpaceRule,
  maskLengthsRule,
  additiveScoresRule,
  ...activationRules,
  headMatmulRule,
];
