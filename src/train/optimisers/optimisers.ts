import { checkOptions, oneOf, shown } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { nearNames } from "../../options/near-names.ts";
import { type AdamWSettings, adamw } from "./adamw.ts";
import { type LionSettings, lion } from "./lion.ts";
import { type MuonSettings, muon } from "./muon.ts";
import type { Optimiser, OptimiserKind } from "./optimiser.ts";
import { type SgdSettings, sgd } from "./sgd.ts";

/** How parameters change: an optimiser by its name, with its settings. */
export type OptimizerOptions = AdamWSettings | SgdSettings | LionSettings | MuonSettings;

/** Every optimiser by its name. */
export const optimisers = { adamw, sgd, lion, muon } as const;

/** The name of an optimiser. */
export type OptimizerName = keyof typeof optimisers;

/** The optimiser with these settings. Throws `OptionError` for a name or settings that are none. */
export function optimiserOf(where: string, options: OptimizerOptions): Optimiser {
  const kind = (optimisers as Readonly<Record<string, OptimiserKind<never> | undefined>>)[options?.name];
  if (!kind) {
    const near = Object.keys(options ?? {}).find((one) => nearNames(one, ["name"]).length > 0);
    if (options?.name === undefined && near !== undefined) {
      throw new OptionError(`${where}: there is no option optimizer.${near}; did you mean name?`);
    }
    const expected = oneOf(...Object.keys(optimisers))(undefined);
    throw new OptionError(`${where}: optimizer.name is ${shown(options?.name)}, expected ${expected}`);
  }
  checkOptions(where, kind.fields, options, "optimizer.");
  return kind.of(options as never);
}
