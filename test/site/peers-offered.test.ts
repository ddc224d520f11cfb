// What the peers page offers, without a browser.
import { expect, test } from "vitest";
import type { Problem } from "../../bench/peers/problems.ts";
import { chosenHere, enginesHere, whyNothing } from "../../site/peers/offered.ts";

const all = [
  { name: "shaderformer", peer: false, computes: ["arrays", "training", "vectors", "sequences", "texts"] },
  { name: "jax-js", peer: true, computes: ["arrays", "training"] },
  { name: "wllama", peer: true, computes: ["texts"] },
] as const;
const problems = (...ops: Problem["op"][]) => ops.map((op) => ({ op }));

test("without the peers' code only this engine is offered", () => {
  expect(enginesHere(all, true)).toEqual(all);
  const here = enginesHere(all, false);
  expect(here.map(({ name }) => name)).toEqual(["shaderformer"]);
  expect(chosenHere(here, undefined)).toEqual(here);
  expect(whyNothing(here, undefined, problems("attention", "generate"))).toBeUndefined();
});

test("what cannot be measured is said before a run, not by rows that fail", () => {
  const here = enginesHere(all, false);
  expect(whyNothing(here, ["jax-js", "wllama"], problems("attention"))).toBe(
    "Choose an engine: jax-js, wllama cannot run here.",
  );
  expect(whyNothing(all, ["wllama"], problems("attention"))).toBe("No chosen engine computes a chosen case.");
  expect(whyNothing(all, ["wllama"], problems("attention", "generate"))).toBeUndefined();
  expect([whyNothing(all, [], problems("attention")), whyNothing(all, undefined, [])]).toEqual([
    ...["Choose an engine.", "Choose a case."],
  ]);
});
