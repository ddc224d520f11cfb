import { expect, test } from "vitest";
import { findSweep } from "../../bench/attention/sweeps.ts";
import { someRow, withoutSpeed } from "./rows.ts";

const row = (batch: string, variant: string, medianMs: number) => someRow({ batch, variant, medianMs });

test("the crossover names the fastest in each range, by correct results only", () => {
  const rows = [
    ...[row("q1s512", "splitK", 1), row("q1s512", "flash", 9)],
    ...[row("q2s512", "flash", 8), row("q2s512", "splitK", 2)],
    ...[row("q4s512", "splitK", 4), withoutSpeed("fail", "wrong", { batch: "q4s512", variant: "flash" })],
    ...[row("q8s512", "flash", 3), row("q8s512", "splitK", 8), row("q1s1k", "flash", 1)],
  ];
  expect(findSweep("crossover").answers(rows)).toEqual([
    "over 512 keys: fastest is splitK at 1 to 4 queries (up to 9.00× as fast as the next), " +
      "flash at 8 queries (up to 2.67× as fast as the next)",
    "over 1024 keys: fastest is flash at 1 queries",
  ]);
});

test("the best number of splits, compared with splitK's own choice", () => {
  const rows = [row("q1s512", "splitK", 2), row("q1s512", "splitK:1", 3), row("q1s512", "splitK:2", 1)];
  const none = [withoutSpeed("fail", "wrong", { batch: "q1s1k", variant: "splitK:1" })];
  expect(findSweep("splits").answers([...rows, ...none])).toEqual([
    "over 512 keys: best with --variants splitK:2, in 50% of the time of splitK's own choice",
    "over 1024 keys: no correct result",
  ]);
});

test("how rates grow with the length", () => {
  const rows = [
    someRow({ batch: "4q128", heads: "4x64", tflops: 1 }),
    someRow({ batch: "2q256", heads: "4x64", tflops: 2 }),
    someRow({ batch: "q512", heads: "4x64", tflops: 4 }),
    withoutSpeed("n/a", "not here", { variant: "naive" }),
  ];
  expect(findSweep("tokens").answers(rows)).toEqual([
    "4x64 causal: flash goes from 1.00 TFLOP/s at 128 queries to 4.00 TFLOP/s at 512 queries",
    "32/8x64 causal: naive has no correct result",
  ]);
});

test("at which density skipping pays", () => {
  const at = (share: number, flash: number, blocks: number) => [
    someRow({ mask: `block-sparse:64:${share}`, variant: "flash", medianMs: flash }),
    someRow({ mask: `block-sparse:64:${share}`, variant: "blocks", medianMs: blocks }),
  ];
  expect(findSweep("density").answers([...at(100, 1, 2), ...at(50, 1, 0.9), ...at(25, 1, 0.3)])).toEqual([
    "fastest is blocks at 25 to 50% live (up to 3.33× as fast as the next), " +
      "flash at 100% live (up to 2.00× as fast as the next)",
  ]);
});

test("what packing buys, by heads to a group", () => {
  const pair = (heads: string, batch: string, flash: number, packed: number) => [
    someRow({ heads, batch, variant: "flash", medianMs: flash }),
    someRow({ heads, batch, variant: "packed", medianMs: packed }),
  ];
  const rows = [
    ...[...pair("8x64", "q1s512", 2, 2.2), ...pair("8x64", "q64s512", 4, 4)],
    ...[...pair("8/2x64", "q1s512", 4, 1), ...pair("8/2x64", "q4s512", 4, 2), ...pair("8/2x64", "q64s512", 4, 5)],
    ...[withoutSpeed("fail", "wrong", { heads: "8/1x64", variant: "packed" })],
  ];
  expect(findSweep("packing").answers(rows)).toEqual([
    "packed with 1 query head to a group: it takes 100% to 110% of the time of flash at 1, 64",
    "packed with 4 query heads to a group: it is the faster at 1, 4 queries, in 25% to 50% of the time of flash; " +
      "it takes 125% of that time at 64",
    "packed with 8 query heads to a group: no correct result",
  ]);
});

test("from how many tokens on a recurrence takes less time than softmax, and what chunks gain", () => {
  const of = (batch: string, definition: string, variant: string, medianMs: number) =>
    someRow({ batch, definition, variant, medianMs });
  const rule = (batch: string, way: string, medianMs: number) =>
    of(batch, "gatedDeltaRule", `gatedDeltaRule:${way}`, medianMs);
  const rows = [
    ...[row("q256", "flash", 2), row("q256", "subgroups", 1), row("q1k", "flash", 16)],
    ...[
      rule("q256", "recurrent", 6),
      rule("q256", "chunks", 3),
      rule("q1k", "recurrent", 24),
      rule("q1k", "chunks", 8),
    ],
    ...[of("q256", "linear", "linear", 4), of("q1k", "linear", "linear", 32)],
    withoutSpeed("fail", "wrong", { batch: "q1k", definition: "stateSpace", variant: "stateSpace" }),
  ];
  expect(findSweep("recurrent").answers(rows)).toEqual([
    "gatedDeltaRule: less from 1024 tokens on, 50% of the time of the fastest softmax at 1024 tokens",
    "linear: never less, 200% of the time of the fastest softmax at 1024 tokens",
    "stateSpace: no correct result",
    "gatedDeltaRule by chunks against token by token: 2.00× at 256, 3.00× at 1024",
  ]);
});
