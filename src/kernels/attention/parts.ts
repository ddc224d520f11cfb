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
import type { ShaderFiles } from "../../gpu/specialise.ts";

/** The WGSL parts of attention, by name. */
export const attentionParts: ShaderFiles = {
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
};
