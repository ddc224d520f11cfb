import { checkOptions, oneOf, shown } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { nearNames } from "../../options/near-names.ts";
import { type AdamWSettings, adamw } from "./adamw.ts";
import { type LionSettings, lion } from "./lion.ts";
import { type MuonSettings, muon } from "./muon.ts";
import type { Optimizer, OptimizerKind } from "./optimizer.ts";
import { type SgdSettings, sgd } from "./sgd.ts";

/** An optimizer by name, with its settings. */
export type OptimizerOptions = AdamWSettings | SgdSettings | LionSettings | MuonSettings;

/** Every optimizer by its name. */
export const optimizers = { adamw, sgd, lion, muon } as const;

/** The name of an optimizer. */
export type OptimizerName = keyof typeof optimizers;

/** The optimizer with these settings. Throws `OptionError` for an unknown name or invalid settings. */
export function optimizerOf(where: string, options: OptimizerOptions): Optimizer {
  const kind = (optimizers as Readonly<Record<string, OptimizerKind<never> | undefined>>)[options?.name];
  if (!kind) {
    const near = Object.keys(options ?? {}).find((one) => nearNames(one, ["name"]).length > 0);
    if (options?.name === undefined && near !== undefined) {
      throw new OptionError(`${where}: there is no option optimizer.${near}; did you mean name?`);
    }
    const expected = oneOf(...Object.keys(optimizers))(undefined);
    throw new OptionError(`${where}: optimizer.name is ${shown(options?.name)}, expected ${expected}`);
  }
  checkOptions(where, kind.fields, options, "optimizer.");
  return kind.of(options as never);
}
