import attentionLseNone from "#shaders/attention/lse/none.wgsl";
import attentionLseStore from "#shaders/attention/lse/store.wgsl";
import attentionMaskCausal from "#shaders/attention/masks/causal.wgsl";
import attentionMaskFull from "#shaders/attention/masks/full.wgsl";
import attentionMaskSlidingWindow from "#shaders/attention/masks/sliding-window.wgsl";
import attentionScoreNone from "#shaders/attention/scores/none.wgsl";
import attentionScoreSoftcap from "#shaders/attention/scores/softcap.wgsl";
import attentionSplitRange from "#shaders/attention/split-range.wgsl";
import attentionViews from "#shaders/attention/views.wgsl";
import extentFixed from "#shaders/lib/extent/fixed.wgsl";
import extentStep from "#shaders/lib/extent/step.wgsl";
import grid from "#shaders/lib/grid.wgsl";
import onlineSoftmax from "#shaders/lib/online-softmax.wgsl";
import positionGiven from "#shaders/lib/position/given.wgsl";
import positionStart from "#shaders/lib/position/start.wgsl";
import positionStep from "#shaders/lib/position/step.wgsl";
import reduce from "#shaders/lib/reduce.wgsl";
import row from "#shaders/lib/row.wgsl";
import step from "#shaders/lib/step.wgsl";
import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import weightF32 from "#shaders/lib/weight/f32.wgsl";
import normBiasGiven from "#shaders/norm/bias/given.wgsl";
import normBiasNone from "#shaders/norm/bias/none.wgsl";
import normRowPlain from "#shaders/norm/row/plain.wgsl";
import normRowResidual from "#shaders/norm/row/residual.wgsl";
import type { ShaderFiles } from "../gpu/specialise.ts";

/** The WGSL parts that kernels are joined with, by name. */
export const shaderFiles: ShaderFiles = {
  "attention/lse/none": attentionLseNone,
  "attention/lse/store": attentionLseStore,
  "attention/masks/causal": attentionMaskCausal,
  "attention/masks/full": attentionMaskFull,
  "attention/masks/sliding-window": attentionMaskSlidingWindow,
  "attention/scores/none": attentionScoreNone,
  "attention/scores/softcap": attentionScoreSoftcap,
  "attention/split-range": attentionSplitRange,
  "attention/views": attentionViews,
  "lib/extent/fixed": extentFixed,
  "lib/extent/step": extentStep,
  "lib/grid": grid,
  "lib/online-softmax": onlineSoftmax,
  "lib/position/given": positionGiven,
  "lib/position/start": positionStart,
  "lib/position/step": positionStep,
  "lib/reduce": reduce,
  "lib/row": row,
  "lib/step": step,
  "lib/vector/four": vectorFour,
  "lib/vector/one": vectorOne,
  "lib/weight/f32": weightF32,
  "norm/bias/given": normBiasGiven,
  "norm/bias/none": normBiasNone,
  "norm/row/plain": normRowPlain,
  "norm/row/residual": normRowResidual,
};
