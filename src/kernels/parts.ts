import elementwiseDistributionNormal from "#shaders/elementwise/distribution/normal.wgsl";
import elementwiseDistributionUniform from "#shaders/elementwise/distribution/uniform.wgsl";
import elementwiseFromFloat from "#shaders/elementwise/from/float.wgsl";
import elementwiseFromInteger from "#shaders/elementwise/from/integer.wgsl";
import elementwiseNumber from "#shaders/elementwise/number.wgsl";
import elementwiseOperationAdd from "#shaders/elementwise/operation/add.wgsl";
import elementwiseOperationDiv from "#shaders/elementwise/operation/div.wgsl";
import elementwiseOperationMul from "#shaders/elementwise/operation/mul.wgsl";
import elementwiseOperationSub from "#shaders/elementwise/operation/sub.wgsl";
import elementwiseToFloat from "#shaders/elementwise/to/float.wgsl";
import elementwiseToInteger from "#shaders/elementwise/to/integer.wgsl";
import embeddingIdsGiven from "#shaders/embedding/ids/given.wgsl";
import idsPosition from "#shaders/embedding/ids/position.wgsl";
import embeddingIdsStep from "#shaders/embedding/ids/step.wgsl";
import kvCacheSlotContiguous from "#shaders/kv-cache/slot/contiguous.wgsl";
import kvCacheSlotPaged from "#shaders/kv-cache/slot/paged.wgsl";
import kvCacheSlotRing from "#shaders/kv-cache/slot/ring.wgsl";
import kvCacheWordF32 from "#shaders/kv-cache/word/f32.wgsl";
import kvCacheWordHalf from "#shaders/kv-cache/word/half.wgsl";
import activationExp from "#shaders/lib/activation/exp.wgsl";
import activationGelu from "#shaders/lib/activation/gelu.wgsl";
import activationGeluTanh from "#shaders/lib/activation/gelu-tanh.wgsl";
import activationQuickGelu from "#shaders/lib/activation/quick-gelu.wgsl";
import activationSilu from "#shaders/lib/activation/silu.wgsl";
import biasNone from "#shaders/lib/bias/none.wgsl";
import biasVector from "#shaders/lib/bias/vector.wgsl";
import exponential from "#shaders/lib/exponential.wgsl";
import extentFixed from "#shaders/lib/extent/fixed.wgsl";
import extentRagged from "#shaders/lib/extent/ragged.wgsl";
import extentStep from "#shaders/lib/extent/step.wgsl";
import grid from "#shaders/lib/grid.wgsl";
import onlineSoftmax from "#shaders/lib/online-softmax.wgsl";
import positionGiven from "#shaders/lib/position/given.wgsl";
import positionStart from "#shaders/lib/position/start.wgsl";
import positionStep from "#shaders/lib/position/step.wgsl";
import reduce from "#shaders/lib/reduce.wgsl";
import row from "#shaders/lib/row.wgsl";
import sigmoid from "#shaders/lib/sigmoid.wgsl";
import step from "#shaders/lib/step.wgsl";
import threefry from "#shaders/lib/threefry.wgsl";
import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import walkFlat from "#shaders/lib/walk/flat.wgsl";
import walkStrided from "#shaders/lib/walk/strided.wgsl";
import weightBf16 from "#shaders/lib/weight/bf16.wgsl";
import weightF16 from "#shaders/lib/weight/f16.wgsl";
import weightF16Packed from "#shaders/lib/weight/f16-packed.wgsl";
import weightF32 from "#shaders/lib/weight/f32.wgsl";
import linearAttentionFeature from "#shaders/linear-attention/feature.wgsl";
import normBiasGiven from "#shaders/norm/bias/given.wgsl";
import normBiasNone from "#shaders/norm/bias/none.wgsl";
import normRowPlain from "#shaders/norm/row/plain.wgsl";
import normRowResidual from "#shaders/norm/row/residual.wgsl";
import peaksNumberF16 from "#shaders/peaks/number/f16.wgsl";
import peaksNumberF32 from "#shaders/peaks/number/f32.wgsl";
import reduceOperationMax from "#shaders/reduce/operation/max.wgsl";
import reduceOperationMean from "#shaders/reduce/operation/mean.wgsl";
import reduceOperationSum from "#shaders/reduce/operation/sum.wgsl";
import samplingCountOff from "#shaders/sampling/count/off.wgsl";
import samplingCountOn from "#shaders/sampling/count/on.wgsl";
import samplingLogSum from "#shaders/sampling/log-sum.wgsl";
import samplingMultiplyHigh from "#shaders/sampling/multiply-high.wgsl";
import samplingOrder from "#shaders/sampling/order.wgsl";
import samplingScan from "#shaders/sampling/scan.wgsl";
import samplingSelect from "#shaders/sampling/select.wgsl";
import samplingSettings from "#shaders/sampling/settings.wgsl";
import type { ShaderFiles } from "../gpu/specialise.ts";
import { attentionParts } from "./attention/parts.ts";
import { moeParts } from "./moe/parts.ts";

/** The WGSL parts that kernels are joined with, by name. */
export const shaderFiles: ShaderFiles = {
  ...attentionParts,
  ...moeParts,
  "elementwise/distribution/normal": elementwiseDistributionNormal,
  "elementwise/distribution/uniform": elementwiseDistributionUniform,
  "elementwise/from/float": elementwiseFromFloat,
  "elementwise/from/integer": elementwiseFromInteger,
  "elementwise/number": elementwiseNumber,
  "elementwise/operation/add": elementwiseOperationAdd,
  "elementwise/operation/div": elementwiseOperationDiv,
  "elementwise/operation/mul": elementwiseOperationMul,
  "elementwise/operation/sub": elementwiseOperationSub,
  "elementwise/to/float": elementwiseToFloat,
  "elementwise/to/integer": elementwiseToInteger,
  "embedding/ids/given": embeddingIdsGiven,
  "embedding/ids/position": idsPosition,
  "embedding/ids/step": embeddingIdsStep,
  "kv-cache/slot/contiguous": kvCacheSlotContiguous,
  "kv-cache/slot/paged": kvCacheSlotPaged,
  "kv-cache/slot/ring": kvCacheSlotRing,
  "kv-cache/word/f32": kvCacheWordF32,
  "kv-cache/word/half": kvCacheWordHalf,
  "lib/activation/exp": activationExp,
  "lib/activation/gelu": activationGelu,
  "lib/activation/gelu-tanh": activationGeluTanh,
  "lib/activation/quick-gelu": activationQuickGelu,
  "lib/activation/silu": activationSilu,
  "lib/bias/none": biasNone,
  "lib/bias/vector": biasVector,
  "lib/exponential": exponential,
  "lib/extent/fixed": extentFixed,
  "lib/extent/ragged": extentRagged,
  "lib/extent/step": extentStep,
  "lib/grid": grid,
  "lib/online-softmax": onlineSoftmax,
  "lib/position/given": positionGiven,
  "lib/position/start": positionStart,
  "lib/position/step": positionStep,
  "lib/reduce": reduce,
  "lib/row": row,
  "lib/sigmoid": sigmoid,
  "lib/step": step,
  "lib/threefry": threefry,
  "lib/vector/four": vectorFour,
  "lib/vector/one": vectorOne,
  "lib/walk/flat": walkFlat,
  "lib/walk/strided": walkStrided,
  "lib/weight/bf16": weightBf16,
  "lib/weight/f16": weightF16,
  "lib/weight/f16-packed": weightF16Packed,
  "lib/weight/f32": weightF32,
  "linear-attention/feature": linearAttentionFeature,
  "norm/bias/given": normBiasGiven,
  "norm/bias/none": normBiasNone,
  "norm/row/plain": normRowPlain,
  "norm/row/residual": normRowResidual,
  "peaks/number/f16": peaksNumberF16,
  "peaks/number/f32": peaksNumberF32,
  "reduce/operation/max": reduceOperationMax,
  "reduce/operation/mean": reduceOperationMean,
  "reduce/operation/sum": reduceOperationSum,
  "sampling/count/off": samplingCountOff,
  "sampling/count/on": samplingCountOn,
  "sampling/log-sum": samplingLogSum,
  "sampling/multiply-high": samplingMultiplyHigh,
  "sampling/order": samplingOrder,
  "sampling/scan": samplingScan,
  "sampling/select": samplingSelect,
  "sampling/settings": samplingSettings,
};
