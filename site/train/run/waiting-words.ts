import { count } from "../../shell/format.ts";
import type { Doing } from "../worker/protocol.ts";

/** What is done before the first step has ended, after so many steps of those that there will be. */
export function waitingWords(doing: Doing, done: number, of: number): string {
  const at = `Step ${count(done)} of ${count(of)}`;
  switch (doing) {
    case "model":
      return `${at}: making the model and its programs`;
    case "look":
      return `${at}: compiling what looks at the model, and looking`;
    case "step":
      return `${at}: compiling the kernels of a step, which takes longer on a first visit or after a browser update`;
  }
}
