import extentFixed from "#shaders/lib/extent/fixed.wgsl";
import extentStep from "#shaders/lib/extent/step.wgsl";
import grid from "#shaders/lib/grid.wgsl";
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
  "lib/extent/fixed": extentFixed,
  "lib/extent/step": extentStep,
  "lib/grid": grid,
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
