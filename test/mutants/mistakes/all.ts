import type { Mistake } from "../mutant.ts";
import { attentionMistakes } from "./attention.ts";
import { attentionBackwardMistakes } from "./attention-backward.ts";
import { attentionModMistakes } from "./attention-mods.ts";
import { backwardMistakes } from "./backward.ts";
import { elementMistakes } from "./elements.ts";
import { embeddingMistakes } from "./embedding.ts";
import { gemmMistakes } from "./gemm.ts";
import { labMistakes } from "./lab.ts";
import { layoutMistakes } from "./layouts.ts";
import { lossMistakes } from "./loss.ts";
import { matmulMistakes } from "./matmul.ts";
import { mixtureMistakes } from "./mixture.ts";
import { mixtureBackwardMistakes } from "./mixture-backward.ts";
import { normSoftmaxMistakes } from "./norm-softmax.ts";
import { peakMistakes } from "./peaks.ts";
import { samplingMistakes } from "./sampling.ts";
import { subgroupMistakes } from "./subgroups.ts";
import { userWgslMistakes } from "./user-wgsl.ts";

/** Every mistake that is written by hand. */
export const mistakes: readonly Mistake[] = [
  ...normSoftmaxMistakes,
  ...attentionBackwardMistakes,
  ...backwardMistakes,
  ...matmulMistakes,
  ...gemmMistakes,
  ...attentionMistakes,
  ...subgroupMistakes,
  ...layoutMistakes,
  ...attentionModMistakes,
  ...userWgslMistakes,
  ...elementMistakes,
  ...samplingMistakes,
  ...peakMistakes,
  ...labMistakes,
  ...mixtureMistakes,
  ...mixtureBackwardMistakes,
  ...lossMistakes,
  ...embeddingMistakes,
];
