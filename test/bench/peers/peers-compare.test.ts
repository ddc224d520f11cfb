import { describe, expect, test, vi } from "vitest";
import { compare } from "../../../bench/peers/compare.ts";
import { type Contestant, compareOn } from "../../../bench/peers/compare-on.ts";
import type { Prepared } from "../../../bench/peers/engines/engine.ts";
import { failuresOf } from "../../../bench/peers/index.ts";
import { type ArrayProblem, parseProblem } from "../../../bench/peers/problems.ts";
import type { PeerRow } from "../../../bench/peers/result.ts";
import { truthOf } from "../../../bench/peers/truth/truth.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const problem = parseProblem("q6:4/2x8") as ArrayProblem;
const truth = truthOf(problem);
const right = Float32Array.from(truth.expected);

/** The clock of what is measured: only runs take time. */
let now = 0;

/** An engine of one way, which takes two milliseconds a run. */
function contestant(name: string, way: Partial<Prepared> | undefined, failure: string | null = null): Contestant {
  const prepared = {
    variant: "way",
    run: async () => {
      now += 2;
    },
    settle: async () => {},
    read: async () => right,
    dispose: () => {},
    ...way,
  };
  const device = {} as GPUDevice;
  const peer = name !== "ours";
  const open = { version: "1", device, ways: () => (way ? [async () => prepared] : []) };
  return {
    engine: { name, peer, summary: "", computes: ["arrays"], open: async () => open },
    open: failure === null ? open : undefined,
    report: { name, peer, summary: "", version: "1", device: "", failure },
  };
}

async function measure(contestants: readonly Contestant[], signal = new AbortController().signal): Promise<PeerRow[]> {
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
  return await compareOn(problem, contestants, {
    timing: { intervalMs: 4, samples: 4, budgetMs: 100 },
    truthOf: async () => truth,
    peaks: null,
    signal,
    progress: () => {},
  }).finally(() => clock.mockRestore());
}

describe("one problem on several engines", () => {
  test("what is wrong, fails or is not there has a reason and no speed, and the others go on", async () => {
    const counts = { runs: 0, reads: 0, disposed: 0 };
    const rows = await measure([
      contestant("ours", { dispose: () => void counts.disposed++ }),
      contestant("a peer", {}),
      contestant("wrong", { read: async () => right.map((value) => -value) }),
      contestant("wrong later", { read: async () => (counts.reads++ === 0 ? right : right.map(() => 0)) }),
      contestant("fails later", {
        run: async () => {
          if (++counts.runs > 3) throw new Error("out of memory");
        },
      }),
      contestant("fails", {
        run: () => {
          throw new Error("no such operator");
        },
      }),
      contestant("has no way", undefined),
      contestant("is not there", undefined, "it could not be opened: gone"),
    ]);
    expect(rows.map(({ engine, verdict, reason }) => [engine, verdict, reason?.replace(/;.*/, "") ?? null])).toEqual([
      ["ours", "pass", null],
      ["a peer", "pass", null],
      ["wrong", "fail", "wrong: relative error 2.0"],
      ["wrong later", "fail", "wrong: relative error 1.0"],
      ["fails later", "fail", "it failed while it was timed: out of memory"],
      ["fails", "fail", "it failed: no such operator"],
      ["has no way", "n/a", "it has no operator for this"],
      ["is not there", "n/a", "it could not be opened: gone"],
    ]);
    for (const row of rows.slice(2))
      expect(row).toMatchObject({ medianMs: null, tflops: null, ratioToFastestPeer: null });
    expect(rows[0]).toMatchObject({ samples: 4, clock: "wall" });
    expect(rows.slice(0, 2)).toMatchObject([{ medianMs: 2, ratioToFastestPeer: 1 }, { medianMs: 2 }]);
    expect(counts.disposed).toBe(1);
  });

  test("what ends a run early says which cases have no row, and why", async () => {
    const controller = new AbortController();
    const settle = async () => controller.abort(new Error("the device was lost: gone"));
    const { engine } = contestant("ours", { settle });
    const ours = { ...engine, open: async () => ({ ...(await engine.open()), device: null }) };
    const progress: string[] = [];
    const result = await compare({
      gpu: await testGpu(),
      engines: [ours],
      problems: [problem, parseProblem("q7:1x3")],
      peaks: false,
      timing: { intervalMs: 4, samples: 4, budgetMs: 100 },
      truthOf: async () => truth,
      signal: controller.signal,
      onProgress: ({ what }) => progress.push(what),
      onResult: () => {},
    });
    expect(result.rows).toEqual([]);
    expect(result.unfinished).toEqual({ cases: [problem.text, "q7:1x3"], reason: "the device was lost: gone" });
    expect(progress.at(-1)).toBe("stopped");
    expect(failuresOf(result, false)).toEqual([`no row of ${problem.text}, q7:1x3: the device was lost: gone`]);
    expect(failuresOf(result, true)).toEqual([]); // by Ctrl-C
  });

  test("a stop ends it between two intervals, and gives the memory back", async () => {
    const controller = new AbortController();
    let disposed = 0;
    const settle = async () => controller.abort(new Error("stopped"));
    const running = measure([contestant("ours", { settle, dispose: () => void disposed++ })], controller.signal);
    await expect(running).rejects.toThrow("stopped");
    expect(disposed).toBe(1);
  });
});
