import { digits } from "../../shell/format.ts";
import { excessOf, highExcess } from "../access/figures.ts";
import * as state from "../state.ts";
import type { LineMark } from "./listing.tsx";

/** What is known of the lines of a file, by line. */
export function marksOf(file: string): Map<number, LineMark[]> {
  const found = new Map<number, LineMark[]>();
  const add = (place: { readonly file: string; readonly line: number } | undefined, mark: LineMark) => {
    if (place?.file !== file) return;
    const known = found.get(place.line) ?? [];
    if (!known.some(({ words }) => words === mark.words)) found.set(place.line, [...known, mark]);
  };
  const { problem, progress } = state;
  if (problem.value?.place) add(problem.value.place, { words: problem.value.message, level: "fault" });
  for (const { line, kind, message } of progress.value?.marks.faults ?? []) {
    const words = kind === "out-of-bounds" ? "out of bounds" : kind === "race" ? "race" : message;
    add(state.placeOf(line), { words, level: "fault" });
  }
  const { counted, races = [], outOfBounds = [] } = state.report.value ?? {};
  for (const { lines } of races) for (const line of lines) add(state.placeOf(line), { words: "race", level: "fault" });
  for (const { line } of outOfBounds) add(state.placeOf(line), { words: "out of bounds", level: "fault" });
  for (const access of counted?.accesses ?? []) {
    const { line, space, name, ways } = access;
    const [excess, at] = [excessOf(access), state.placeOf(line)];
    if (space === "storage" && excess > highExcess) {
      add(at, { words: `${name}: excess ${digits(excess)}`, level: "warning" });
    }
    if (space === "workgroup" && ways > 1) add(at, { words: `${name}: ${ways}-way`, level: "warning" });
  }
  for (const { line } of counted?.parted ?? []) add(state.placeOf(line), { words: "diverges", level: "note" });
  return found;
}
