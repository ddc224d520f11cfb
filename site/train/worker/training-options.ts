import type { OptimizerOptions } from "../../../src/train/optimisers/optimisers.ts";
import type { RouterLossOptions } from "../../../src/train/router-losses.ts";
import type { Settings } from "../setup/settings.ts";

/** How the routers of a mixture are trained; nothing changes for other models. */
export const routersFor = ({ routerLoss }: Settings): RouterLossOptions => ({ balance: routerLoss });

/** How the settings have parameters changed: AdamW with the means of nanoGPT, the others as their papers have them. */
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
