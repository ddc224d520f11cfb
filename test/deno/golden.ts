// Runs in Deno: the beginnings of the bundled models' golden texts.
import { loadModel, openGpu } from "../../src/index.ts";
import { tasks } from "../browser/tasks.ts";
import { bundledMixture, bundledModel, goldenPrompts, mixturePrompts } from "../support/bundled.ts";
import { say } from "./report.ts";

/** So many tokens of the first prompt of each. */
const tokens = 8;

export async function work(): Promise<void> {
  using gpu = await openGpu();
  for (const [folder, [golden]] of [
    [bundledModel, goldenPrompts],
    [bundledMixture, mixturePrompts],
  ] as const) {
    using model = await loadModel(gpu, folder);
    const rows = await tasks.greedy(model, [golden?.prompt ?? ""], tokens, 1);
    say({ kind: "greedy", name: folder, tokens: rows[0]?.tokens ?? [] });
  }
  process.exit();
}
