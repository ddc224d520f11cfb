import { useEffect, useState } from "preact/hooks";
import { fixedLines } from "../../../src/study/puzzles/fixed-lines.ts";
import type { Puzzle } from "../../../src/study/puzzles/puzzle.ts";
import { Diff } from "../source/diff.tsx";
import * as state from "../state.ts";
import { CardPanel } from "./card.tsx";
import { check, failure, grading, isPuzzle, load, loadFailure, puzzle, verdict } from "./state.ts";

/** The puzzle that is open, or the mistake that is to be spotted. */
export function PuzzlePanel() {
  const isOpen = isPuzzle.value;
  useEffect(() => {
    if (isOpen) void load();
  }, [isOpen]);
  if (!isOpen) return <CardPanel />;
  const own = puzzle.value;
  if (loadFailure.value !== undefined) return <p class="problem">{loadFailure.value}</p>;
  return own ? <Open key={own.number} puzzle={own} /> : null;
}

function Open({ puzzle: own }: { puzzle: Puzzle }) {
  const start = own.kernel.source.code;
  return (
    <section class="panel" aria-label="Puzzle" id="puzzle">
      <h2>
        Puzzle {own.number}: {own.title}
      </h2>
      <p>{own.story}</p>
      <Guess puzzle={own} />
      <p class="small muted">
        Lines 1 to {fixedLines(start)} are fixed. Edit what follows; the link holds your text. It is checked on sizes
        that you do not see here, in several subgroups and orders, with longer buffers.
      </p>
      <p class="row">
        <button type="button" class="primary" disabled={grading.value} onClick={() => void check()}>
          {grading.value ? "Checking…" : "Check"}
        </button>
      </p>
      <Result />
      <Solution puzzle={own} />
    </section>
  );
}

function Guess({ puzzle: { guess, number } }: { puzzle: Puzzle }) {
  const [chosen, choose] = useState<number | undefined>(undefined);
  return (
    <fieldset>
      <legend>A guess first: {guess.question}</legend>
      {guess.choices.map((choice, i) => (
        <label class="small row" key={choice}>
          <input type="radio" name={`guess-${number}`} checked={chosen === i} onChange={() => choose(i)} />
          {choice}
        </label>
      ))}
      {chosen !== undefined && (
        <p class="small" role="status">
          {chosen === guess.right ? "Right." : `No: ${guess.choices[guess.right]}.`} {guess.why}
        </p>
      )}
    </fieldset>
  );
}

function Result() {
  const found = verdict.value;
  if (failure.value !== undefined) return <p class="problem">It could not be checked: {failure.value}</p>;
  if (!found) return null;
  return (
    <p class={found.fault === undefined ? "notice" : "problem"} id="verdict">
      <strong>{found.fault === undefined ? "Solved." : "Not yet."}</strong> {found.words}
    </p>
  );
}

function Solution({ puzzle: { kernel, solution, number } }: { puzzle: Puzzle }) {
  const [isShown, show] = useState(false);
  const { name, code } = kernel.source;
  return (
    <details onToggle={({ currentTarget }) => show(currentTarget.open)}>
      <summary>A solution</summary>
      {isShown && <Diff label={`A solution of puzzle ${number}`} before={code} after={solution} />}
      <button type="button" onClick={() => state.edit(name, solution)}>
        Take it as the text
      </button>
    </details>
  );
}
