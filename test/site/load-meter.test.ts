import { expect, test } from "vitest";
import { choiceOf, linkOf, problemOf } from "../../site/generate/model/choice.ts";
import { advance, type Meter, noProgress, paceOf, resumed } from "../../site/shell/model/meter.ts";
import type { LoadProgress } from "../../src/formats/load-progress.ts";

const megabyte = 1e6;
const at = (phase: LoadProgress["phase"], done: number, total: number, fromCache = 0): LoadProgress => ({
  ...{ phase, done, total, fromCache },
});

/** The meters after each of these reports, a second apart. */
function meters(reports: readonly LoadProgress[], from: Meter = noProgress): Meter[] {
  let meter = from;
  return reports.map((report, i) => {
    meter = advance(meter, report, 1000 * i);
    return meter;
  });
}

test("the bar never goes back, though a total grows and phases overlap, and ends full", () => {
  const fractions = meters([
    at("download", 0, 10 * megabyte),
    at("download", 5 * megabyte, 10 * megabyte),
    at("download", 5 * megabyte, 40 * megabyte), // a second shard is found
    at("upload", 1, 10),
    at("download", 40 * megabyte, 40 * megabyte),
    at("verify", 1, 1),
    at("upload", 10, 10),
    at("compile", 3, 3),
    at("warm-up", 1, 1),
  ]).map(({ fraction }) => fraction);
  expect(fractions).toEqual([...fractions].sort((p, q) => p - q));
  expect(fractions[0]).toBe(0);
  expect(fractions.at(-1)).toBeCloseTo(1, 12);
});

test("what a load skips is over once a later phase begins, and a pause keeps what was reached", () => {
  const [meter = noProgress] = meters([at("upload", 0, 10)]);
  expect(meter.fraction).toBeCloseTo(0.68, 12);
  const [again = noProgress] = meters([at("download", 0, megabyte)], resumed(meter));
  expect(again.fraction).toBe(meter.fraction);
});

test("the rate is that of the network alone, over the last seconds", () => {
  const reports = [at("download", 30 * megabyte, 90 * megabyte, 30 * megabyte)];
  for (let second = 1; second <= 20; second++) {
    reports.push(at("download", (30 + 2 * second) * megabyte, 90 * megabyte, 30 * megabyte));
  }
  const all = meters(reports);
  expect(paceOf(all[0] as Meter)).toBeUndefined();
  expect(paceOf(all.at(-1) as Meter)).toEqual({ rate: 2 * megabyte, left: 10 });
  expect(all.at(-1)?.samples.length).toBeLessThanOrEqual(6);
});

test("a link names a model, and what is not the name of one says what is", () => {
  for (const link of ["voices-moe", "owner/name@main", "hf:owner/name", "https://example.org/models/mine/"]) {
    expect(linkOf(choiceOf(link))).toBe(link);
    expect(problemOf(choiceOf(link))).toBeUndefined();
  }
  expect(choiceOf("voices-moe").kind).toBe("bundled");
  expect(problemOf(choiceOf("no name"))).toMatch(/A repository is named owner\/name/);
  expect(problemOf(choiceOf("toString"))).toMatch(/A repository is named owner\/name/);
  expect(problemOf({ kind: "address", text: "javascript:alert(1)" })).toMatch(/An address begins with https/);
  expect(linkOf({ kind: "files", name: "mine", files: {} })).toBeUndefined();
});
