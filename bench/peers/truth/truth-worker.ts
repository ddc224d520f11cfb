// Computes the float64 result in a worker, so that the page stays responsive: float64 loops take seconds.
import { parseProblem } from "../problems.ts";
import { truthOfSteps } from "./train-truth.ts";
import { type Truth, truthOf } from "./truth.ts";

/** The page's request: a problem, and the URL of the model that generates texts. */
export interface TruthRequest {
  readonly text: string;
  readonly model: string;
}

const worker = globalThis as unknown as { onmessage: unknown; postMessage(message: unknown): void };

async function answer({ text, model }: TruthRequest): Promise<Truth> {
  const problem = parseProblem(text);
  if (problem.op === "t5") return (await import("./t5-truth.ts")).truthOfSequences(problem);
  if (problem.op === "train") return truthOfSteps(problem);
  if (problem.op !== "generate") return truthOf(problem);
  const [{ truthOfText }, { openUrl }] = await Promise.all([
    import("./generate-truth.ts"),
    import("../../../src/index.ts"),
  ]);
  return await truthOfText(problem, openUrl(model));
}

worker.onmessage = async ({ data }: MessageEvent<TruthRequest>) => {
  try {
    worker.postMessage({ truth: await answer(data) });
  } catch (error) {
    worker.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
