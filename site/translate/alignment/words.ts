import { visible } from "../../../src/text/token-text.ts";
import { share } from "../../shell/tokens/tokens.ts";
import type { Picked } from "../state.ts";
import type { Run } from "../text/run.ts";
import { columnOf, strongest } from "./weights.ts";

const quoted = (token: string | undefined): string => `“${visible(token ?? "")}”`;

/** The weights of a cell, or the largest of a row or column, as text; empty if nothing is picked. */
export function pickedWords(
  { source, target }: Pick<Run, "source" | "target">,
  rows: readonly ArrayLike<number>[],
  { row, column }: Picked,
): string {
  const named = (tokens: readonly string[], weights: ArrayLike<number>) =>
    strongest(weights, 3)
      .map((i) => `${quoted(tokens[i])} ${share(weights[i] ?? 0)}`)
      .join(", ");
  const weights = row === undefined ? undefined : rows[row];
  if (weights && column !== undefined) {
    return `${quoted(target[row ?? 0])} attends to ${quoted(source[column])}: ${share(weights[column] ?? 0)}; most to ${named(source, weights)}.`;
  }
  if (weights) return `${quoted(target[row ?? 0])} attends most to ${named(source, weights)}.`;
  if (column === undefined || rows.length === 0) return "";
  return `${quoted(source[column])} is attended to most by ${named(target, columnOf(rows, column))}.`;
}
