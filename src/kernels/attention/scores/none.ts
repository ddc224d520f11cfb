import part from "#shaders/attention/scores/none.wgsl";
import { defineScore } from "../records/score-record.ts";

/** The unchanged scaled dot product. */
export const none = defineScore({ name: "none", part, parameters: {}, examples: () => ({ none: {} }) });
