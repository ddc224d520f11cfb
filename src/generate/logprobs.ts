// Kernels of log-probabilities and penalties: loaded with the first call that has some.
export { penalise } from "../kernels/sampling/penalise.ts";
export { tokenLogprobs } from "../kernels/sampling/token-logprobs.ts";
export { topLogprobs } from "../kernels/sampling/top-logprobs.ts";
