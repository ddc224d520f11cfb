import rowSlotsGathered from "#shaders/moe/row-slots/gathered.wgsl";
import rowSlotsApart from "#shaders/moe/row-slots/separate.wgsl";
import rowSlotsWeighted from "#shaders/moe/row-slots/weighted.wgsl";
import source from "#shaders/moe/vector.wgsl";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { defineKernel } from "../define/kernel.ts";
import { weightPart } from "../formats/formats.ts";
import { tuning } from "../tuning.ts";
import { columnsOf, type ExpertProduct, expertParts, expertWeights, seenRows } from "./expert-weights.ts";

const rowSlotParts = { gathered: rowSlotsGathered, weighted: rowSlotsWeighted, apart: rowSlotsApart } as const;

/** The meaning of rows of x and of the result. */
interface VectorOptions extends ExpertProduct {
  /**
   * `gathered`: rows of x are tokens, rows of the result slots. `weighted`: rows of x are slots, which are summed per
   * token. `apart`: rows of both are slots.
   */
  readonly slots: "gathered" | "weighted" | "apart";
}

/**
 * Products of a few tokens with the experts `[t, k]` that they chose: x `[t, k]` or `[t · choices, k]` → z `[t ·
 * choices, n]` or, weighted, `[t, n]`; half as many columns where they are gated. Nothing is sorted; it takes one
 * dispatch.
 */
export const vectorProduct = defineKernel({
  name: "moe/vector",
  source,
  inputs: { x: "[given, k]", ...expertWeights.inputs, experts: "[t, choices]", "weights?": "[t, choices]" },
  outputs: { z: "[results, columns]" },
  accepts: { ...expertWeights.accepts, experts: ["u32"] },
  segmented: expertWeights.segmented,
  axes: ({ rows, t, choices }, options: VectorOptions) => ({
    results: options.slots === "weighted" ? t : t * choices,
    columns: columnsOf(rows, options).columns,
  }),
  params: ({ k }, options, context) => ({ k, n: columnsOf(context.segment.total, options).n, ...seenRows(context) }),
  specialise: ({ choices }, options, context) => ({
    parts: [...expertParts(options, context), rowSlotParts[options.slots]],
    constants: {
      EXPERTS: options.count,
      GATED: options.gated !== undefined,
      CHOICES: choices,
      LANES: tuning(context.gpu).vectorLanes,
    },
  }),
  workgroups: ({ results }, options, { segment }, shader) => {
    const { n } = columnsOf(segment.total, options);
    return [Math.ceil(n / (4 * constantsOf(shader, "TEAMS").TEAMS)), results]; // a team has four columns
  },
  cost: ({ k, rows, t, choices }, options, { dtypes, gpu }) => {
    const outputs = (t * choices * rows) / options.count;
    const { four } = weightPart(dtypes["weight"], gpu);
    return { flops: 2 * k * outputs, requestedBytes: (outputs * k * (4 + four)) / 4 + 4 * outputs };
  },
});
