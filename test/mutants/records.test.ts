import { expect, test } from "vitest";
import type { Mutant } from "./mutant.ts";
import { joinedRecord, type Outcome, recordOf } from "./records.ts";
import { tokenMutants } from "./tokens.ts";

const outcome = (id: string, kind: Mutant["kind"], end: Outcome["end"]): Outcome => ({
  mutant: { id, kind, file: "shaders/fill.wgsl", edits: [], why: "" },
  end,
  message: "green: 3 tests",
  seconds: 2,
});

test("mistakes that are tried again change their counts alone", () => {
  const first = recordOf("hash", [
    outcome("a", "hand", "noticed"),
    outcome("b", "token", "survived"),
    outcome("c", "token", "survived"),
  ]);
  expect(first.counts).toEqual({ hand: [1, 1], token: [0, 2], barrier: [0, 0] });
  const then = joinedRecord(first, [outcome("b", "token", "noticed"), outcome("c", "token", "survived")]);
  expect(then).toEqual({
    hash: "hash",
    counts: { hand: [1, 1], token: [1, 2], barrier: [0, 0] },
    left: { c: "green: 3 tests" },
    seconds: 6,
  });
});

test("a variable is exchanged for one that the file has", () => {
  const swapsOf = (text: string) => tokenMutants("shaders/x.wgsl", text, 1).map(({ edits }) => edits[0]?.to.trim());
  const loop = "fn main() {\n  for (var i = 0u; i < n; i++) { y[i] = 0; }\n}\n";
  expect(swapsOf(loop).some((to) => /\bj\b/.test(to ?? ""))).toBe(false);
  expect(swapsOf(`${loop}fn other(j: u32) {\n  y[j] = 1;\n}\n`)).toContain(
    "for (var i = 0u; i < n; i++) { y[j] = 0; }",
  );
});
