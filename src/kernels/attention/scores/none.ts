import part from "#shaders/attention/scores/none.wgsl";
import { defineScore } from "../records/score-record.ts";

/** The scaled dot product as it is. */
export const none = defineScore({ name: "none", part, parameters: {}, examples: () => ({ none: {} }) });
