import { combine } from "./combine.ts";
import { type ExpertsVariant, expertsSizes, vectorsRefusal } from "./experts-problem.ts";
import { vectorProduct } from "./vector-product.ts";

/** Maximum number of slots: each reads its expert's weights separately. */
const mostSlots = 512;

/** Every choice of every token separately, without sorting: two dispatches for all. For a few tokens. */
export const vector: ExpertsVariant = {
  accepts: (tensors, { capacity }) => {
    if (capacity !== undefined) return "it does not count slots, which a capacity requires";
    const slots = tensors.experts.size;
    return slots > mostSlots ? `${slots} choices, it takes ${mostSlots}` : vectorsRefusal(tensors);
  },
  record: (gpu, tensors, { activation = "swiglu" }) => {
    const { x, experts, weights, gateUp, gateUpBias, down, downBias } = tensors;
    const { e } = expertsSizes(tensors);
    using scope = gpu.scope();
    const given = { x, weight: gateUp, bias: gateUpBias, experts };
    const hidden = vectorProduct(gpu, given, { count: e, gated: activation, slots: "gathered" }).z;
    const second = { x: hidden, weight: down, bias: downBias, experts };
    if (down.segments.length === 1) {
      return { y: scope.keep(vectorProduct(gpu, { ...second, weights }, { count: e, slots: "weighted" }).z) };
    }
    const { z } = vectorProduct(gpu, second, { count: e, slots: "apart" });
    return { y: scope.keep(combine(gpu, { z, experts, weights }, { count: e }).y) };
  },
};
