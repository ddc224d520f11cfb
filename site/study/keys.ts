import type { PageKey } from "../shell/keys.ts";
import * as actions from "./session/actions.ts";

/** A character that acts, unless a field has the focus or such keys are switched off. */
const letter = (name: string, does: string, run: () => void): PageKey => ({
  keys: name,
  does,
  single: true,
  matches: ({ key }) => key === name,
  run,
});

/** A key that acts unless a field has the focus. */
const named = (name: string, does: string, run: () => void, shift = false): PageKey => ({
  keys: shift ? `Shift+${name}` : name,
  does,
  outsideFields: true,
  matches: ({ key, shiftKey }) => key === name && shiftKey === shift,
  run,
});

/** The keys that move through the run. */
export const stepKeys: readonly PageKey[] = [
  named("F10", "steps over: the next statement of the subgroup", () => actions.step("over")),
  named("F11", "steps into the function that is called", () => actions.step("into")),
  named("F11", "steps out of the function", () => actions.step("out"), true),
  named("F10", "steps back", () => actions.step("over", "previous"), true),
  named("F8", "runs to the next stop, or to the end", () => actions.run()),
  named("F8", "runs back to the last stop, or to the start", () => actions.run("previous"), true),
  letter("b", "goes to the next barrier", () => actions.toBarrier("next")),
  letter("B", "goes to the previous barrier", () => actions.toBarrier("previous")),
  letter("]", "goes to the next turn of the loop", () => actions.toTurn("next")),
  letter("[", "goes to the previous turn of the loop", () => actions.toTurn("previous")),
  letter(",", "looks at the previous subgroup", () => actions.nextStrand(-1)),
  letter(".", "looks at the next subgroup", () => actions.nextStrand(1)),
  letter("r", "goes to the next fault", () => actions.toNext("fault")),
  letter("p", "goes to the next print", () => actions.toNext("print")),
  letter("n", "goes to the next step that makes a NaN", () => actions.toNext("nan")),
  letter("w", "watches the name that was pointed at, or goes to the field for watches", actions.watchPicked),
  letter("g", "goes to the last write of the picked word", actions.toWrite),
  named("F9", "sets or clears a stop at the line that was pointed at", actions.toggleStopHere),
  {
    keys: "0 to 9",
    does: "go to the start, to 10 % of the run, … to 90 %",
    single: true,
    matches: ({ key }) => /^\d$/.test(key),
    run: ({ key }) => actions.toTenth(Number(key)),
  },
];
