// What computes log-probabilities: loaded with the first call that wants some.
export { tokenLogprobs } from "../kernels/sampling/token-logprobs.ts";
export { topLogprobs } from "../kernels/sampling/top-logprobs.ts";
