import { afterAll, describe, expect, test } from "vitest";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import type { Generation } from "../../src/generate/session/generation.ts";
import type { Session } from "../../src/generate/session/session.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { fill } from "../../src/kernels/elementwise/fill.ts";
import { bundledNano } from "../support/bundled.ts";
import { atTurn } from "../support/devices/at-moment.ts";
import { attempts, randomFor } from "../support/fuzz.ts";

// Every event that ends a generation, at every await of it: promises that are waited for are counted by V8's own hook.

const { integer } = randomFor("endings");
const whale = `<|whale|>${"The captain stood upon the deck. ".repeat(attempts(16, 1))}`;
const maxTokens = 4;
/** In full also caches in pages, and a prompt that makes them grow. */
const layouts = attempts(2, 1);

/** How many continuations there are at most after an event, until its generation has ended. */
const maxTurns = 500;

/** What a generation ended with: its stop reason, or the message of its error. */
const endingOf = (generation: Generation): Promise<string> =>
  generation.result.then(
    ({ rows }) => rows[0]?.stopReason ?? "none",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

/** Bytes of buffers in use or kept by programs. */
function bytesOf(gpu: Gpu): number {
  gpu.buffers.trim();
  return gpu.buffers.allocatedBytes;
}

interface Running {
  readonly gpu: Gpu;
  readonly model: LanguageModel;
  readonly session: Session;
  readonly abort: AbortController;
  readonly iterator: AsyncIterator<unknown, void>;
}

/** Events, and the endings that they may have where the generation has not ended before. */
const events: Readonly<Record<string, { readonly ending: RegExp; readonly happen: (run: Running) => unknown }>> = {
  abort: { ending: /^abort$/, happen: ({ abort }) => abort.abort() },
  return: { ending: /^abort$/, happen: ({ iterator }) => iterator.return?.() },
  throw: { ending: /^thrown$/, happen: ({ iterator }) => iterator.throw?.(new Error("thrown")).catch(() => undefined) },
  "dispose of the session": { ending: /: this session was disposed$/, happen: ({ session }) => session.dispose() },
  "dispose of the model": { ending: /: this model was disposed$/, happen: ({ model }) => model.dispose() },
  close: { ending: /: this device was closed$/, happen: ({ gpu }) => gpu.close() },
  destroy: { ending: /: the device was lost: .+/, happen: ({ gpu }) => gpu.device.destroy() },
};
const ofDevice = new Set(["close", "destroy"]);

const shared = await openGpu();
afterAll(() => shared.close());
await fill(shared, [1], 0).read(); // leaves the device a buffer, for the parameters of eager work
const atFirst = bytesOf(shared);

/** Runs a generation with an event at a turn; reads it by a loop, or by its result. Gives how many turns it took. */
async function ended(
  gpu: Gpu,
  model: LanguageModel,
  name: string,
  turn: number,
): Promise<{ turns: number; ending: string }> {
  const event = events[name];
  const loop = integer(2) === 0;
  const loaded = bytesOf(gpu);
  const session = model.session();
  const abort = new AbortController();
  const generation = session.generate(whale, { temperature: 0, maxTokens, signal: abort.signal });
  expect(bytesOf(gpu), "memory before it is read").toBe(loaded);
  const iterator = generation[Symbol.asyncIterator]();
  let happened = false;
  const turns = atTurn(turn, () => {
    happened = true;
    event?.happen({ gpu, model, session, abort, iterator });
  });
  let thrown = "";
  if (loop) {
    try {
      for await (const _ of generation);
    } catch (error) {
      thrown = error instanceof Error ? error.message : String(error);
    }
  }
  const ending = await endingOf(generation);
  const count = turns.finish();
  expect(count - turn, `turns to: ${ending}`).toBeLessThan(maxTurns);
  if (thrown) expect(thrown).toBe(ending);
  if (!happened) expect(ending).toBe("length");
  else if (ending === "length")
    expect(turn, `of ${count} turns`).toBeGreaterThan(0.6 * count); // its text was complete
  else expect(ending).toMatch(event?.ending ?? /none/);
  if (/abort|thrown/.test(ending) && integer(2) === 0) {
    // The cache holds what it says that it holds: the next turn computes what a session computes that never stopped.
    const { rows } = await session.generate(" and", { temperature: 0, maxTokens: 2 }).result;
    const [{ promptTokens = [], tokens = [] } = {}] = rows;
    const alone = await model.generate([...promptTokens], { temperature: 0, maxTokens: 2 }).result;
    expect(tokens).toEqual(alone.rows[0]?.tokens);
  }
  session.dispose();
  if (/this model was disposed$/.test(ending)) expect(bytesOf(gpu), "memory after the model is disposed").toBe(atFirst);
  return { turns: count, ending };
}

const short = (ending: string) => ending.replace(/^.*: (?=this|the device)/, "");

describe("at any await", () => {
  test.each(Object.keys(events))(
    "%s ends a generation within 500 turns, the right way, without a leak",
    async (name) => {
      const killing = ofDevice.has(name);
      const counts: Record<string, number> = {};
      let most = attempts(1500, 450);
      for (let i = attempts(60, killing ? 2 : 3); i > 0; i--) {
        const gpu = killing ? await openGpu() : shared;
        const layout = integer(layouts) === 0 ? "contiguous" : "paged";
        const model = await loadModel(gpu, bundledNano, { context: 512, cache: { dtype: "f32", layout } });
        const { turns, ending } = await ended(gpu, model, name, 1 + integer(most));
        if (ending === "length") most = turns; // all that a whole one takes
        counts[short(ending)] = (counts[short(ending)] ?? 0) + 1;
        if (killing) gpu.close();
        else model.dispose();
        if (!killing) expect(bytesOf(gpu), "memory in the end").toBe(atFirst);
      }
      console.log(`${name}:`, JSON.stringify(counts));
    },
  );

  test("dispose of a model stops what scores and warms, without a leak", async () => {
    const counts: Record<string, number> = {};
    let most = 500;
    for (let i = attempts(100, 3); i > 0; i--) {
      const model = await loadModel(shared, bundledNano, { context: 64 });
      const turn = atTurn(1 + integer(most), () => model.dispose());
      const work = [model.score("The captain stood upon the deck"), model.session().warm(20)];
      const endings = (await Promise.allSettled(work)).map((one) =>
        one.status === "rejected" ? String(one.reason) : "done",
      );
      const turns = turn.finish();
      for (const ending of endings) {
        expect(ending).toMatch(/^done$|^GpuError: .*: this model was disposed$/);
        counts[short(ending)] = (counts[short(ending)] ?? 0) + 1;
      }
      if (endings.every((ending) => ending === "done")) most = turns;
      model.dispose();
      expect(bytesOf(shared), "memory in the end").toBe(atFirst);
    }
    console.log("dispose while scoring and warming:", JSON.stringify(counts));
  });

  test.each(["close", "destroy"])("%s ends the loading of a model, and the error says why", async (name) => {
    const counts: Record<string, number> = {};
    let most = 3000;
    for (let i = attempts(200, 5); i > 0; i--) {
      const gpu = await openGpu();
      const turn = atTurn(1 + integer(most), () => (name === "close" ? gpu.close() : gpu.device.destroy()));
      const ending = await loadModel(gpu, bundledNano, { context: 64 }).then(
        () => "loaded",
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      const turns = turn.finish();
      expect(ending).toMatch(
        name === "close" ? /^loaded$|: this device was closed$/ : /^loaded$|: the device was lost: .+/,
      );
      counts[short(ending)] = (counts[short(ending)] ?? 0) + 1;
      if (ending === "loaded") most = turns;
      gpu.close();
    }
    console.log(`${name} while loading:`, JSON.stringify(counts));
  });
});
