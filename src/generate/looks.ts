// What a model computes of given tokens, apart from generating more, loaded when it is first asked for.
export { attentionWeights, checkAttention } from "./attention-weights.ts";
export { checkEmbed, embed } from "./embed.ts";
export { checkExperts, expertChoices } from "./expert-choices.ts";
export { score } from "./inspection.ts";
export { checkNextToken, nextTokenProbabilities } from "./next-token.ts";
