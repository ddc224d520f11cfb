import { type Engine, takesPart } from "../../bench/peers/engines/engine.ts";
import type { Problem } from "../../bench/peers/problems.ts";

/** The engines that can run here: without the peers' code, only this project's. */
export const enginesHere = <E extends Pick<Engine, "peer">>(
  engines: readonly E[],
  peersAreHere: boolean,
): readonly E[] => engines.filter(({ peer }) => peersAreHere || !peer);

/** The chosen ones that can run here; all of them if none was chosen. */
export const chosenHere = <E extends Pick<Engine, "name">>(
  engines: readonly E[],
  chosen: readonly string[] | undefined,
): readonly E[] => engines.filter(({ name }) => !chosen || chosen.includes(name));

/** Why nothing can be measured; undefined if something can. */
export function whyNothing(
  engines: readonly Pick<Engine, "name" | "computes">[],
  chosen: readonly string[] | undefined,
  problems: readonly Pick<Problem, "op">[],
): string | undefined {
  if (problems.length === 0) return "Choose a case.";
  const measured = chosenHere(engines, chosen);
  if (measured.length === 0) {
    return chosen && chosen.length > 0
      ? `Choose an engine: ${chosen.join(", ")} cannot run here.`
      : "Choose an engine.";
  }
  const some = problems.some((problem) => measured.some((engine) => takesPart(engine as Engine, problem as Problem)));
  return some ? undefined : "No chosen engine computes a chosen case.";
}
