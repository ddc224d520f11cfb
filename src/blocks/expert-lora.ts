import { adaptedExperts } from "../kernels/moe/adapted-experts.ts";
import type { LoraWeights } from "./lora.ts";
import type { ExpertsAdapter } from "./mixture.ts";

/** Adapters of all experts of a layer: each expert's rows after those of another, in a and in b. */
export interface ExpertLoraWeights {
  readonly gate?: LoraWeights | undefined;
  readonly up?: LoraWeights | undefined;
  readonly down?: LoraWeights | undefined;
}

/** Low-rank adaptation of experts that a router chooses: each product of theirs as `lora` has it. For SwiGLU, no biases. */
export function expertLora({ gate, up, down }: ExpertLoraWeights): ExpertsAdapter {
  return (gpu, { x, experts, weights, gateUp, down: base }) =>
    adaptedExperts(gpu, {
      x,
      experts,
      weights,
      gateUp,
      down: base,
      gateA: gate?.a,
      gateB: gate?.b,
      gateScale: gate?.scale,
      upA: up?.a,
      upB: up?.b,
      upScale: up?.scale,
      downA: down?.a,
      downB: down?.b,
      downScale: down?.scale,
    });
}
