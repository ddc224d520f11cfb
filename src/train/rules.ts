// The table of rules: which ops have gradients, and what computes them.
import type { Rule } from "./rule.ts";
import { activationRules } from "./rules/activations.ts";
import { attentionRule, tableAttentionRule } from "./rules/attention.ts";
import { addRule, castRule, divRule, mulRule, subRule, whereRule } from "./rules/elementwise.ts";
import { concatRule, contiguousRule, meanRule, ropeRule, sumRule } from "./rules/layout.ts";
import { logSoftmaxRule } from "./rules/log-softmax.ts";
import { adaptedExpertsRule, expertChoiceRule, expertsRules, routeRule, statisticsRule } from "./rules/mixture.ts";
import { addLayerNormRule, addRmsNormRule, layerNormRule, rmsNormRule, softmaxRule } from "./rules/norms.ts";
import { l2NormaliseRule, maxRule, segmentsRule } from "./rules/pooling.ts";
import { gemmRule, matmulRule } from "./rules/products.ts";
import { headMatmulRule } from "./rules/refused.ts";
import { crossEntropyRule, gatherRule, linearCrossEntropyRule } from "./rules/tokens.ts";

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
  ...activationRules,
  headMatmulRule,
];
