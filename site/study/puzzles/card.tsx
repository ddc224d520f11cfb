import type { Card } from "../../../src/study/puzzles/cards.ts";
import { files, study } from "../state.ts";
import { card } from "./state.ts";

/** The wrong line as the reader sees it: the last that the mistake changes. */
const wrongLine = ({ to }: Card): string => to.split("\n").at(-1)?.trim() ?? "";

/** The line of the kernel's file, as it is now, that a piece is in. */
const lineWith = (piece: string): string =>
  files.value[0]?.text
    .split("\n")
    .find((line) => line.includes(piece))
    ?.trim() ?? piece;

/** Which of four lines is wrong. */
export function CardPanel() {
  const { card: own, chosen } = card.value ?? {};
  if (!own || own.kernel !== study.value.kernel) return null;
  const wrong = wrongLine(own);
  const lines = [wrong, ...own.others].sort(); // by their text: the wrong one is anywhere
  return (
    <section class="panel" aria-label="Spot the bug" id="card">
      <h2>Spot the bug</h2>
      <p>
        One line of {own.kernel} is wrong. It shows {own.shows}: look at the results, at faults, at single threads.
        Which line is it?
      </p>
      <div class="row">
        {lines.map((line) => (
          <button
            type="button"
            key={line}
            aria-pressed={chosen === line}
            onClick={() => {
              card.value = { card: own, chosen: line };
            }}
          >
            <code>{lineWith(line)}</code>
          </button>
        ))}
      </div>
      {chosen !== undefined && (
        <p role="status" class={chosen === wrong ? "notice" : "problem"}>
          {chosen === wrong ? `Right. ${own.why}` : "That line is right."}
        </p>
      )}
    </section>
  );
}
