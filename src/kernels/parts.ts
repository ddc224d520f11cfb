import attentionAddressContiguous from "#shaders/attention/address/contiguous.wgsl";
import attentionAddressPaged from "#shaders/attention/address/paged.wgsl";
import attentionAddressRing from "#shaders/attention/address/ring.wgsl";
import attentionBatch from "#shaders/attention/batch.wgsl";
import attentionCacheBf16 from "#shaders/attention/cache/bf16.wgsl";
import attentionCacheF16 from "#shaders/attention/cache/f16.wgsl";
import attentionCacheF16Packed from "#shaders/attention/cache/f16-packed.wgsl";
import attentionCacheF32 from "#shaders/attention/cache/f32.wgsl";
import attentionCacheInt4 from "#shaders/attention/cache/int4.wgsl";
import attentionCacheInt8 from "#shaders/attention/cache/int8.wgsl";
import attentionFlashRows from "#shaders/attention/flash/rows.wgsl";
import attentionFlashRowsOfGroup from "#shaders/attention/flash/rows-of/group.wgsl";
import attentionFlashRowsOfHead from "#shaders/attention/flash/rows-of/head.wgsl";
import attentionFlashRowsOfSplit from "#shaders/attention/flash/rows-of/split.wgsl";
import attentionFlashStoreParts from "#shaders/attention/flash/store/parts.wgsl";
import attentionFlashStore from "#shaders/attention/flash/store/rows.wgsl";
import attentionFlashTile from "#shaders/attention/flash/tile.wgsl";
import attentionFlashTilesMap from "#shaders/attention/flash/tiles/map.wgsl";
import attentionFlashTilesRange from "#shaders/attention/flash/tiles/range.wgsl";
import attentionFlashVisible from "#shaders/attention/flash/visible.wgsl";
import attentionJoinedRanges from "#shaders/attention/joined/ranges.wgsl";
import attentionLseNone from "#shaders/attention/lse/none.wgsl";
import attentionLseStore from "#shaders/attention/lse/store.wgsl";
import attentionMaskBlockSparse from "#shaders/attention/masks/block-sparse.wgsl";
import attentionMaskBoolean from "#shaders/attention/masks/boolean.wgsl";
import attentionMaskCausal from "#shaders/attention/masks/causal.wgsl";
import attentionMaskChunked from "#shaders/attention/masks/chunked.wgsl";
import attentionMaskDilatedWindow from "#shaders/attention/masks/dilated-window.wgsl";
import attentionMaskDocument from "#shaders/attention/masks/document.wgsl";
import attentionMaskFixed from "#shaders/attention/masks/fixed.wgsl";
import attentionMaskFull from "#shaders/attention/masks/full.wgsl";
import attentionMaskKeyPadding from "#shaders/attention/masks/key-padding.wgsl";
import attentionMaskLocal from "#shaders/attention/masks/local.wgsl";
import attentionMaskPrefix from "#shaders/attention/masks/prefix.wgsl";
import attentionMaskSharedPrefix from "#shaders/attention/masks/shared-prefix.wgsl";
import attentionMaskSinkWindow from "#shaders/attention/masks/sink-window.wgsl";
import attentionMaskSlidingWindow from "#shaders/attention/masks/sliding-window.wgsl";
import attentionMaskStrided from "#shaders/attention/masks/strided.wgsl";
import attentionProducts from "#shaders/attention/products.wgsl";
import attentionScoreAlibi from "#shaders/attention/scores/alibi.wgsl";
import attentionScoreBias from "#shaders/attention/scores/bias.wgsl";
import attentionScoreHeadBias from "#shaders/attention/scores/head-bias.wgsl";
import attentionScoreNone from "#shaders/attention/scores/none.wgsl";
import attentionScoreRelativeBias from "#shaders/attention/scores/relative-bias.wgsl";
import attentionScoreSoftcap from "#shaders/attention/scores/softcap.wgsl";
import attentionSinkLearned from "#shaders/attention/sink/learned.wgsl";
import attentionSinkNone from "#shaders/attention/sink/none.wgsl";
import attentionSplitRange from "#shaders/attention/split-k/range.wgsl";
import attentionSplitReduce from "#shaders/attention/split-k/reduce.wgsl";
import attentionSplitRows from "#shaders/attention/split-k/rows.wgsl";
import attentionSplitStore from "#shaders/attention/split-k/store.wgsl";
import attentionUnknownKeyRange from "#shaders/attention/unknown/key-range.wgsl";
import attentionUnknownTileFull from "#shaders/attention/unknown/tile-full.wgsl";
import attentionViews from "#shaders/attention/views.wgsl";
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
import moeAlignPlan from "#shaders/moe/align/plan.wgsl";
import moeBiasNone from "#shaders/moe/bias/none.wgsl";
import moeBiasVector from "#shaders/moe/bias/vector.wgsl";
import moeFaultsNone from "#shaders/moe/faults/none.wgsl";
import moeFaultsNoted from "#shaders/moe/faults/noted.wgsl";
import moeGluClamped from "#shaders/moe/glu/clamped.wgsl";
import moeGluSwiglu from "#shaders/moe/glu/swiglu.wgsl";
import moeGroupsAll from "#shaders/moe/groups/all.wgsl";
import moeGroupsLimited from "#shaders/moe/groups/limited.wgsl";
import moeKeysBiased from "#shaders/moe/keys/biased.wgsl";
import moeKeysLogits from "#shaders/moe/keys/logits.wgsl";
import moeKeysScores from "#shaders/moe/keys/scores.wgsl";
import moePlacesAligned from "#shaders/moe/places/aligned.wgsl";
import moePlacesSlots from "#shaders/moe/places/slots.wgsl";
import moeResultGated from "#shaders/moe/result/gated.wgsl";
import moeResultPlain from "#shaders/moe/result/plain.wgsl";
import moeRowsAligned from "#shaders/moe/rows/aligned.wgsl";
import moeRowsGathered from "#shaders/moe/rows/gathered.wgsl";
import moeScoresSigmoid from "#shaders/moe/scores/sigmoid.wgsl";
import moeScoresSoftmax from "#shaders/moe/scores/softmax.wgsl";
import moeTurnsApart from "#shaders/moe/turns/apart.wgsl";
import moeTurnsGathered from "#shaders/moe/turns/gathered.wgsl";
import moeTurnsWeighted from "#shaders/moe/turns/weighted.wgsl";
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

/** The WGSL parts that kernels are joined with, by name. */
export const shaderFiles: ShaderFiles = {
  "attention/address/contiguous": attentionAddressContiguous,
  "attention/address/paged": attentionAddressPaged,
  "attention/address/ring": attentionAddressRing,
  "attention/batch": attentionBatch,
  "attention/cache/bf16": attentionCacheBf16,
  "attention/cache/f16": attentionCacheF16,
  "attention/cache/f16-packed": attentionCacheF16Packed,
  "attention/cache/f32": attentionCacheF32,
  "attention/cache/int4": attentionCacheInt4,
  "attention/cache/int8": attentionCacheInt8,
  "attention/flash/rows": attentionFlashRows,
  "attention/flash/rows-of/group": attentionFlashRowsOfGroup,
  "attention/flash/rows-of/head": attentionFlashRowsOfHead,
  "attention/flash/rows-of/split": attentionFlashRowsOfSplit,
  "attention/flash/store/parts": attentionFlashStoreParts,
  "attention/flash/store/rows": attentionFlashStore,
  "attention/flash/tile": attentionFlashTile,
  "attention/flash/tiles/map": attentionFlashTilesMap,
  "attention/flash/tiles/range": attentionFlashTilesRange,
  "attention/flash/visible": attentionFlashVisible,
  "attention/joined/ranges": attentionJoinedRanges,
  "attention/lse/none": attentionLseNone,
  "attention/lse/store": attentionLseStore,
  "attention/masks/block-sparse": attentionMaskBlockSparse,
  "attention/masks/boolean": attentionMaskBoolean,
  "attention/masks/causal": attentionMaskCausal,
  "attention/masks/chunked": attentionMaskChunked,
  "attention/masks/dilated-window": attentionMaskDilatedWindow,
  "attention/masks/document": attentionMaskDocument,
  "attention/masks/fixed": attentionMaskFixed,
  "attention/masks/full": attentionMaskFull,
  "attention/masks/key-padding": attentionMaskKeyPadding,
  "attention/masks/local": attentionMaskLocal,
  "attention/masks/prefix": attentionMaskPrefix,
  "attention/masks/shared-prefix": attentionMaskSharedPrefix,
  "attention/masks/sink-window": attentionMaskSinkWindow,
  "attention/masks/sliding-window": attentionMaskSlidingWindow,
  "attention/masks/strided": attentionMaskStrided,
  "attention/products": attentionProducts,
  "attention/scores/alibi": attentionScoreAlibi,
  "attention/scores/bias": attentionScoreBias,
  "attention/scores/head-bias": attentionScoreHeadBias,
  "attention/scores/none": attentionScoreNone,
  "attention/scores/relative-bias": attentionScoreRelativeBias,
  "attention/scores/softcap": attentionScoreSoftcap,
  "attention/sink/learned": attentionSinkLearned,
  "attention/sink/none": attentionSinkNone,
  "attention/split-k/range": attentionSplitRange,
  "attention/split-k/reduce": attentionSplitReduce,
  "attention/split-k/rows": attentionSplitRows,
  "attention/split-k/store": attentionSplitStore,
  "attention/unknown/key-range": attentionUnknownKeyRange,
  "attention/unknown/tile-full": attentionUnknownTileFull,
  "attention/views": attentionViews,
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
  "moe/align/plan": moeAlignPlan,
  "moe/bias/none": moeBiasNone,
  "moe/bias/vector": moeBiasVector,
  "moe/glu/clamped": moeGluClamped,
  "moe/glu/swiglu": moeGluSwiglu,
  "moe/faults/none": moeFaultsNone,
  "moe/faults/noted": moeFaultsNoted,
  "moe/groups/all": moeGroupsAll,
  "moe/groups/limited": moeGroupsLimited,
  "moe/keys/biased": moeKeysBiased,
  "moe/keys/logits": moeKeysLogits,
  "moe/keys/scores": moeKeysScores,
  "moe/places/aligned": moePlacesAligned,
  "moe/places/slots": moePlacesSlots,
  "moe/result/gated": moeResultGated,
  "moe/result/plain": moeResultPlain,
  "moe/rows/aligned": moeRowsAligned,
  "moe/rows/gathered": moeRowsGathered,
  "moe/scores/sigmoid": moeScoresSigmoid,
  "moe/scores/softmax": moeScoresSoftmax,
  "moe/turns/apart": moeTurnsApart,
  "moe/turns/gathered": moeTurnsGathered,
  "moe/turns/weighted": moeTurnsWeighted,
};
