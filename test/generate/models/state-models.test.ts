import { describe, expect, test } from "vitest";
import type { Session } from "../../../src/generate/session/session.ts";
import { loadModel } from "../../../src/index.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { goldenFolders, goldenTests } from "./golden-folder.ts";

const gpu = await testGpu();

const folders = [
  "lfm2",
  "qwen3-next",
  "qwen3.5",
  "mamba2",
  "falcon-h1",
  "falcon-h1-norm",
  "granite-hybrid",
  "granite-hybrid-moe",
];

describe.each(folders)("%s", async (name) => {
  const folder = `${goldenFolders}/${name}`;
  await goldenTests(gpu, folder);

  test("a session goes back to a state that it has kept, or begins anew, and answers as a new one", async () => {
    const model = await loadModel(gpu, folder);
    const ids = Array.from({ length: 90 }, (_, i) => (7 * i * i + 3 * i) % 96);
    const greedy = async (session: Session, from: readonly number[], maxTokens: number) =>
      (await session.continueFrom(from, { temperature: 0, maxTokens, ignoreEos: true }).result).rows[0]?.tokens ?? [];
    using kept = model.session();
    const first = [...ids, ...(await greedy(kept, ids, 8))];
    const turns = [
      [...first, ...ids.slice(0, 5)], // the next turn
      first.slice(0, 92), // an answer that is cut, after the end of its prompt
      [...ids, 5, 6, 7], // another answer
      [...ids.slice(0, 40), 1], // another prompt: no state of it is kept
    ];
    for (const turn of turns) {
      using anew = model.session();
      expect(await greedy(kept, turn, 8)).toEqual(await greedy(anew, turn, 8));
    }
    model.dispose();
  });

  test("speculation and beams are refused by name, before anything is computed", async () => {
    const model = await loadModel(gpu, folder);
    const run = (options: object) => model.generate("a", { maxTokens: 4, ...options }).result;
    await expect(async () => run({ speculative: { kind: "prompt-lookup" } })).rejects.toThrow(
      /speculative .* carry states/,
    );
    await expect(async () => run({ beams: 2, temperature: 0 })).rejects.toThrow(
      /beams is 2, expected 1 .* carry states/,
    );
    model.dispose();
  });
});
