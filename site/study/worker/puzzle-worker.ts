// Grades texts of puzzles without a GPU, in a thread that may be ended at any time.
import { grade } from "../../../src/study/puzzles/grader/grade.ts";
import { puzzleOf } from "../../../src/study/puzzles/puzzles.ts";
import { words } from "../../shell/trouble/sentence.ts";
import type { Attempt, Graded } from "../puzzles/attempt.ts";

addEventListener("message", async ({ data: { puzzle, text } }: MessageEvent<Attempt>) => {
  const graded: Graded = await grade(puzzleOf(puzzle), text).catch((error: unknown) => ({ failure: words(error) }));
  postMessage(graded);
});
