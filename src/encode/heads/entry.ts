// The computations of an encoder's heads, loaded with the first call.

export { answer } from "./answer.ts";
export { classify } from "./classify.ts";
export { headContext } from "./context.ts";
export { fillMask } from "./fill-mask.ts";
export { nextSentence } from "./next-sentence.ts";
export { scoreTexts } from "./score-texts.ts";
export { sparse } from "./sparse.ts";
