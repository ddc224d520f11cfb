// Computations on given tokens other than generation, loaded on first use.
export { attentionWeights, checkAttention } from "./attention-weights.ts";
export { checkEmbed, embed } from "./embed.ts";
export { checkExperts, expertChoices } from "./expert-choices.ts";
export { score } from "./inspection.ts";
export { checkNextToken, nextTokenProbabilities } from "./next-token.ts";
