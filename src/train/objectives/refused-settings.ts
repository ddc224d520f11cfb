import { OptionError } from "../../options/errors.ts";
import type { LossSettings } from "./objective.ts";

/** Settings that a model without layers may not have. */
export type Refused = "recompute" | "dropout" | "attentionDropout";

/** Throws `OptionError` for settings without a meaning for `what`: recomputing layers, which it has not, and these others. */
export function refuse(what: string, settings: LossSettings, others: readonly Refused[]): void {
  const { recompute = "nothing", dropout: { rate = 0, attention = 0 } = {} } = settings;
  const found = { recompute, dropout: rate, attentionDropout: attention };
  const expected = { recompute: "nothing", dropout: 0, attentionDropout: 0 };
  for (const name of ["recompute", ...others] as const) {
    if (found[name] === expected[name]) continue;
    const [is, wanted] = [JSON.stringify(found[name]), JSON.stringify(expected[name])];
    throw new OptionError(`train: ${name} is ${is}, expected ${wanted} of ${what}`);
  }
}
