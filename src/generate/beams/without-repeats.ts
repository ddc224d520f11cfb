import type { ResolvedOptions } from "../options.ts";
import type { RunInputs } from "../run-inputs.ts";
import type { TokenConstraint } from "../token-constraint.ts";
import { banRepeats, clearBanned } from "./bans.ts";

/** What a constraint and a ban of repeats let come together. `text` are all tokens so far, and goes on to be changed. */
function constraintOf(text: number[], n: number, vocabulary: number, other?: TokenConstraint): TokenConstraint {
  const bans = [banRepeats(n)];
  return {
    async mask(into) {
      if (!(await other?.mask(into))) into.fill(0xffffffff);
      clearBanned(into, bans, text, vocabulary);
      return true;
    },
    accept(token) {
      other?.accept(token);
      text.push(token);
    },
    // A given constraint without it is refused where tokens are proposed.
    rollback(tokens) {
      other?.rollback?.(tokens);
      text.length -= tokens;
    },
  };
}

/** Options with `noRepeatNgram` as a constraint, with those that are given. */
export function withoutRepeats(
  options: ResolvedOptions,
  { tokens, generated }: RunInputs,
  vocabulary: number,
): ResolvedOptions {
  const constraints = tokens.map((prompt, row) =>
    constraintOf([...prompt, ...(generated[row] ?? [])], options.noRepeatNgram, vocabulary, options.constraints[row]),
  );
  return { ...options, constraints };
}
