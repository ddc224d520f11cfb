import { count } from "../../shell/format.ts";
import type { Doing } from "../worker/protocol.ts";

/** The activity before the first step has ended, after so many preparation steps. */
export function waitingWords(doing: Doing, done: number, of: number): string {
  const at = `Step ${count(done)} of ${count(of)}`;
  switch (doing) {
    case "model":
      return `${at}: making the model and its programs`;
    case "look":
      return `${at}: compiling the views of the model, and computing them`;
    case "step":
      return `${at}: compiling the kernels of a step, which takes longer on a first visit or after a browser update`;
  }
}
