import { counted } from "../../shell/format.ts";
import { ended, history } from "../state.ts";

/** How training ended, as text. */
export function endedWords(): string {
  const { looks, steps } = history.value;
  const right = Math.floor(1000 * (looks.at(-1)?.accuracy ?? 0)) / 10;
  const after = `after ${counted(steps.length, "step")}`;
  switch (ended.value?.reason) {
    case "learnt":
      return `Learnt ${after}: ${right} % right of what is held out`;
    case "steps":
      return `Finished ${after}: ${right} % right of what is held out`;
    case "diverged":
      return ended.value.says ?? "The loss diverged";
    default:
      return `Paused ${after}`;
  }
}
