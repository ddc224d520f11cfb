import { checkOptions } from "../../options/checks.ts";
import { type Tensor, tensor, zeros } from "../../tensor/tensor.ts";
import type { Objective } from "../objectives/objective.ts";
import type { Parameter } from "../open/parameters.ts";
import { optimizerOf } from "../optimizers/optimizers.ts";
import { averagesOf } from "./averages.ts";
import { groupsOf } from "./groups.ts";
import { checkRules, type TrainerOptions, trainerFields } from "./options.ts";
import type { Training } from "./programs.ts";

/** The memory of training, initially zero. Throws as the trainer's constructor does. */
export function makeTraining<B>(
  objective: Objective<B>,
  parameters: readonly Parameter[],
  options: TrainerOptions,
): Training<B> {
  checkOptions("Trainer", trainerFields, options);
  const { optimizer = { name: "adamw" }, clip: maxNorm, ema, rules = [], recompute, seed = 0 } = options;
  const { dropout: rate = 0, attentionDropout: attention = 0 } = options;
  checkRules("Trainer", rules);
  const chosen = optimizerOf("Trainer", optimizer);
  const { gpu } = objective;
  return gpu.unscoped(() => {
    const groups = groupsOf(gpu, parameters, chosen, rules);
    const trained = groups.flatMap(({ members }) => [...members]);
    const averages = ema === undefined ? undefined : averagesOf(gpu, trained, ema);
    const skipped = zeros(gpu, [1], "u32", "skipped steps");
    const share = zeros(gpu, [], "f32", "share of a micro-batch");
    const [sums, routed] = [new Map<string, Tensor>(), new Map<string, Tensor>()];
    const { routers: routing = {} } = options;
    const kept = { skipped, share, sums, averages, routers: objective.routers, routing, routed };
    const drops = rate > 0 || attention > 0;
    const dropout = drops ? { rate, attention, key: tensor(gpu, [2], [seed, 0], "u32") } : undefined;
    return { objective, groups, maxNorm, recompute, dropout, ...kept };
  });
}

/** Frees the memory of training; the model's weights stay. */
export function disposeTraining({ groups, averages, sums, routed, skipped, share, dropout }: Training): void {
  averages?.dispose();
  const kept = groups.flatMap(({ members, scalars }) => [
    scalars,
    ...members.flatMap(({ state }) => Object.values(state)),
  ]);
  const others = [...sums.values(), ...routed.values(), skipped, share, ...(dropout ? [dropout.key] : [])];
  for (const one of [...kept, ...others]) one.dispose();
  sums.clear();
  routed.clear();
}
