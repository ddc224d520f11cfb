import type { OptimizerOptions } from "../../../src/train/optimizers/optimizers.ts";
import type { RouterLossOptions } from "../../../src/train/router-losses.ts";
import type { Settings } from "../setup/settings.ts";

/** How the routers of a mixture are trained; no effect on other models. */
export const routersFor = ({ routerLoss }: Settings): RouterLossOptions => ({ balance: routerLoss });

/** The optimizer of the settings: AdamW with nanoGPT's betas, the others as in their papers. */
export function optimizerOf({ optimizer: name, weightDecay }: Settings): OptimizerOptions {
  const betas = [0.9, 0.95] as const;
  switch (name) {
    case "adamw":
      return { name, betas, weightDecay };
    case "sgd":
      return { name, momentum: 0.9, weightDecay };
    case "lion":
      return { name, weightDecay };
    case "muon":
      return { name, weightDecay, adamw: { betas, weightDecay } };
  }
}
