import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { Generation } from "../../src/generate/session/generation.ts";
import type { GenerationResult } from "../../src/generate/session/generation-result.ts";
import type { Piece } from "../../src/generate/session/row.ts";
import { attempts, randomFor } from "../support/fuzz.ts";

// Every state of a generation against every event, in random orders: no GPU, but work that waits as the real one does.

const { integer } = randomFor("generation");
const events = ["next", "result", "return", "throw", "abort", "dispose", "gone", "wait", "breathe"] as const;
type Event = (typeof events)[number];

const breath = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What a generation ended with: pieces, if it resolved, or the message of its error. */
type Ending = number | string;

/** A generation of `pieces` pieces, which waits at random between them and fails at piece `failing` if there is one. */
function generation(pieces: number, failing: number) {
  const abort = new AbortController();
  const disposed = new AbortController();
  const gone = new AbortController();
  const seen = { begun: 0, active: 0, ended: 0, over: false };
  const result = (count: number) => ({ dispatchesPerToken: count }) as GenerationResult;
  async function* begin(stop: AbortSignal): AsyncGenerator<Piece, GenerationResult> {
    seen.begun++;
    seen.active++;
    try {
      for (const signal of [disposed.signal, gone.signal]) signal.throwIfAborted();
      for (let i = 0; i < pieces; i++) {
        for (let waits = integer(4); waits > 0; waits--) await (integer(2) === 0 ? breath() : undefined);
        if (i === failing) throw new Error("failed");
        if (stop.aborted) return result(i);
        yield { row: 0, token: i, text: "" };
      }
      return result(pieces);
    } finally {
      if (integer(2) === 0) await breath();
      seen.active--;
    }
  }
  const over = () => {
    seen.over = true;
    return result(0);
  };
  const ended = () => {
    seen.ended++;
    seen.over = true;
  };
  const signals = { abort: abort.signal, disposed: disposed.signal, gone: gone.signal };
  return { abort, disposed, gone, seen, made: new Generation({ begin, unbegun: over, ended, ...signals }) };
}

async function attempt(): Promise<{ events: Event[]; ending: Ending | undefined }> {
  const pieces = integer(5);
  const failing = integer(3) === 0 ? integer(5) : -1;
  const { abort, disposed, gone, seen, made } = generation(pieces, failing);
  const iterator = made[Symbol.asyncIterator]();
  const list = Array.from({ length: 1 + integer(8) }, () => events[integer(events.length)] ?? "wait");
  if (integer(4) > 0) list.splice(integer(3), 0, integer(2) === 0 ? "next" : "result");
  const steps: Promise<Ending>[] = [];
  const leaving: Promise<string>[] = [];
  /** What it has to end with, as far as the events so far say. */
  let expected: "any" | "result" | string = "any";
  /** What happened before it began, which it cannot begin after. */
  const before = new Set<string>();
  let left = false;
  for (const event of list) {
    const running = seen.begun > 0 && !seen.over;
    const decide = (ending: string) => {
      // The first that ends it with an error decides, but a device that is gone is never waited for.
      if (running && (event === "gone" || expected === "any" || expected === "result")) expected = ending;
    };
    if (event === "wait") await undefined;
    else if (event === "breathe") await breath();
    else if (event === "next") {
      const next = iterator.next() as Promise<IteratorResult<Piece, void>>;
      steps.push(next.then(({ done, value }) => (done ? "done" : (value?.token ?? -1)), messageOf));
    } else if (event === "result") void made.result.catch(() => undefined);
    else if (event === "return" || event === "throw") {
      if (seen.begun === 0 && !seen.over) expected = event === "throw" ? "thrown" : "result";
      else decide(event === "throw" ? "thrown" : "result");
      left = true;
      const call = event === "throw" ? iterator.throw?.(new Error("thrown")) : iterator.return?.();
      leaving.push(Promise.resolve(call).then(() => event, messageOf));
    } else {
      const ending = event === "abort" ? "result" : event === "dispose" ? "disposed" : "gone";
      if (seen.begun === 0 && !seen.over) before.add(ending);
      else decide(ending);
      ({ abort, dispose: disposed, gone })[event].abort(new Error(event === "dispose" ? "disposed" : event));
    }
  }

  if (seen.begun === 0 && !seen.over) {
    expect(seen.active, "nobody reads it, and nothing began").toBe(0);
    return { events: list, ending: undefined };
  }
  // A result that is read runs it to its end; one that was stopped ends by itself.
  if (expected === "any") void made.result.catch(() => undefined);
  await made.ended;
  const ending: Ending = await made.result.then(({ dispatchesPerToken }) => dispatchesPerToken, messageOf);
  const fails = failing >= 0 && failing < pieces;
  if (typeof ending === "number") {
    expect(expected === "any" || expected === "result").toBe(true);
    if (expected === "any" && !before.has("result")) expect(ending).toBe(pieces);
  } else if (ending === "failed") expect(fails).toBe(true);
  else expect([expected, ...before]).toContain(ending);
  if (expected === "gone") expect(["gone", ...before], "at once").toContain(ending);

  // Every call of the iterator is answered: with the pieces in order, then at most one error, then the end.
  const answers = await Promise.all(steps);
  const got = answers.filter((answer) => typeof answer === "number");
  expect(got).toEqual(got.map((_, i) => i));
  const errors = answers.filter((answer) => typeof answer === "string" && answer !== "done");
  expect(errors.length).toBeLessThanOrEqual(1);
  if (errors[0] !== undefined) expect(errors[0]).toBe(ending);
  for (const [i, event] of (await Promise.all(leaving)).entries())
    expect(event).toBe(list.filter((one) => one === "return" || one === "throw")[i] === "throw" ? "thrown" : "return");
  const rest = await drained(iterator);
  if (!left) {
    expect([...got, ...rest.pieces]).toEqual([...got, ...rest.pieces].map((_, i) => i));
    if (typeof ending === "number") expect(got.length + rest.pieces.length).toBe(ending);
    else expect([...errors, ...rest.errors]).toEqual([ending]);
  }
  expect((await iterator.next()).done).toBe(true);

  for (let turns = 0; seen.active > 0 && turns < 20; turns++) await breath();
  expect(seen, "the work has unwound").toMatchObject({ active: 0, over: true });
  expect(seen.begun).toBeLessThanOrEqual(1);
  expect(seen.ended).toBe(seen.begun);
  for (const { signal } of [abort, disposed, gone]) expect(getEventListeners(signal, "abort")).toHaveLength(0);
  return { events: list, ending };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** What an iterator still gives. */
async function drained(iterator: AsyncIterator<Piece, void>): Promise<{ pieces: number[]; errors: string[] }> {
  const out: { pieces: number[]; errors: string[] } = { pieces: [], errors: [] };
  for (;;) {
    try {
      const { done, value } = await iterator.next();
      if (done) return out;
      out.pieces.push(value.token ?? -1);
    } catch (error) {
      out.errors.push(messageOf(error));
    }
  }
}

test("however it ends, a generation settles once, the right way, and its work unwinds", async () => {
  const counts: Record<string, number> = {};
  for (let i = attempts(20_000, 1000); i > 0; i--) {
    const { ending } = await attempt();
    const name = ending === undefined ? "not begun" : typeof ending === "number" ? "resolved" : ending;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  console.log("generations by ending:", JSON.stringify(counts));
});
