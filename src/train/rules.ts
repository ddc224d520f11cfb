// The table of rules: which ops have gradients, and what computes them.
import type { Rule } from "./rule.ts";
import { attentionRule, tableAttentionRule } from "./rules/attention.ts";
import { addRule, castRule, divRule, expRule, mulRule, subRule, whereRule } from "./rules/elementwise.ts";
import { concatRule, contiguousRule, meanRule, ropeRule, sumRule } from "./rules/layout.ts";
import { addLayerNormRule, addRmsNormRule, layerNormRule, rmsNormRule } from "./rules/norms.ts";
import { gemmRule, matmulRule } from "./rules/products.ts";

/** The rules of the ops that have gradients. */
export const rules: readonly Rule[] = [
  addRule,
  subRule,
  mulRule,
  divRule,
  expRule,
  whereRule,
  castRule,
  contiguousRule,
  concatRule,
  sumRule,
  meanRule,
  ropeRule,
  matmulRule,
  gemmRule,
  rmsNormRule,
  addRmsNormRule,
  layerNormRule,
  addLayerNormRule,
  attentionRule,
  tableAttentionRule,
];
