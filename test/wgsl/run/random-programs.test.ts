// Programs of random control flow, against a reference that follows each lane by itself.
import { expect, test } from "vitest";
import { randomProgram } from "./random-programs.ts";
import { forLanes, runBoth } from "./run-text.ts";

test("lanes that go different ways compute what each of them would alone", () => {
  const words = Uint32Array.from({ length: 8 }, (_, i) => (i * 2654435761) >>> 3);
  let branching = 0;
  for (let seed = 0; seed < 120; seed++) {
    const { code, expected } = randomProgram(seed, words);
    const out = new Uint32Array(64);
    runBoth(code, { words, out });
    expect([...out], `seed ${seed}\n${code}`).toEqual(forLanes(expected));
    if (new Set(out).size > 8) branching++;
  }
  expect(branching).toBeGreaterThan(60);
});
