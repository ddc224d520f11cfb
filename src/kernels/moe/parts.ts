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
import type { ShaderFiles } from "../../gpu/specialise.ts";

/** The WGSL parts of mixtures of experts, by name. */
export const moeParts: ShaderFiles = {
  "moe/align/plan": moeAlignPlan,
  "moe/bias/none": moeBiasNone,
  "moe/bias/vector": moeBiasVector,
  "moe/faults/none": moeFaultsNone,
  "moe/faults/noted": moeFaultsNoted,
  "moe/glu/clamped": moeGluClamped,
  "moe/glu/swiglu": moeGluSwiglu,
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
