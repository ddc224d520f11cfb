import { counted } from "../../shell/format.ts";
import { ended, history } from "../state.ts";

/** How training ended, in words. */
export function endedWords(): string {
  const { looks, steps } = history.value;
  const right = Math.floor(1000 * (looks.at(-1)?.accuracy ?? 0)) / 10;
  const after = `after ${counted(steps.length, "step")}`;
  switch (ended.value?.reason) {
    case "learnt":
      return `Learnt ${after}: ${right} % right of what is held out`;
    case "steps":
      return `Finished ${after}: ${right} % right of what is held out`;
    case "exploded":
      return ended.value.says ?? "The loss exploded";
    default:
      return `Paused ${after}`;
  }
}
