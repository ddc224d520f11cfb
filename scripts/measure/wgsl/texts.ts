// How long the engine takes to read a user's text: a mask of many nodes, by kind of node.
import { operationsOf } from "../../../src/kernels/attention/custom/cost.ts";
import { apart } from "../../../src/kernels/attention/custom/read-text.ts";
import { checkText } from "../../../src/kernels/attention/custom/rules.ts";
import { ownText } from "../../../src/kernels/attention/custom/text.ts";
import { longTexts } from "./long-texts.ts";
import { medianTime } from "./median-time.ts";

function readOnce(code: string): void {
  const text = ownText(code);
  checkText(text);
  operationsOf(text);
  apart(text, { file: "own", prefix: "own_", first: 0 });
}

/** Lines of a table: milliseconds for a text of each size, a line for each kind of node. */
export function textLines(sizes: readonly number[]): string[] {
  const row = (name: string, cells: readonly (number | string)[]) =>
    name.padEnd(24) + cells.map((cell) => String(cell).padStart(8)).join("");
  const lines = Object.entries(longTexts).map(([kind, make]) => {
    const times = sizes.map((size) => {
      const code = make(size, 450);
      return medianTime(() => readOnce(code)).toFixed(1);
    });
    return row(kind, times);
  });
  return [row("milliseconds for nodes", sizes), ...lines];
}
