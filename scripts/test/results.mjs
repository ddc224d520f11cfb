// Adds up and describes the results that scripts/test/reporter.mjs wrote for each kind of test files.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

/** The number of tests of each kind in the last full run; written by `npm run test:full`. */
const fullFile = "test/support/full.json";

/** The results of a run; undefined if it wrote none. */
export const readResults = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined);

const filesOf = (runs) => runs.flatMap(({ files }) => files);

/** A file that fails to load, or whose set-up fails, counts as failed although none of its tests failed. */
const isBroken = ({ errors, tests }) => errors.length > 0 && !tests.some(({ state }) => state === "failed");

/**
 * The numbers of tests that passed, failed and were skipped. Tests that a tier left out are not counted, nor are tests
 * of a file that failed to load, which counts as one failure.
 */
export function counts(runs) {
  const files = filesOf(runs);
  const of = (...states) => files.flatMap(({ tests }) => tests.filter(({ state }) => states.includes(state))).length;
  const broken = files.filter(isBroken).length + runs.reduce((sum, { unhandled }) => sum + unhandled.length, 0);
  return { passed: of("passed"), failed: of("failed", "pending") + broken, skipped: of("skipped") };
}

/** The counts, on a line. */
export function lineOfCounts(runs) {
  const { passed, failed, skipped } = counts(runs);
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The failures, each with the beginning of its message. */
export function whatFailed(runs) {
  const short = (message = "") => message.split("\n").slice(0, 14).join("\n  ");
  const inFiles = filesOf(runs).flatMap((file) => [
    ...(isBroken(file) ? [`${file.file}\n  ${short(file.errors[0])}`] : []),
    ...file.tests
      .filter(({ state }) => state === "failed")
      .map(({ name, errors }) => `${file.file}: ${name}\n  ${short(errors[0])}`),
  ]);
  return [
    ...inFiles,
    ...runs.flatMap(({ unhandled }) => unhandled.map((error) => `outside of tests\n  ${short(error)}`)),
  ];
}

/** The slowest files, with seconds. */
export function slowest(runs, count) {
  const files = new Map();
  for (const { file, loading, running } of filesOf(runs)) {
    files.set(file, (files.get(file) ?? 0) + loading + running);
  }
  const sorted = [...files].sort(([, a], [, b]) => b - a).slice(0, count);
  return [
    "The slowest files:",
    ...sorted.map(([file, seconds]) => `${seconds.toFixed(1).padStart(7)} s  ${file}`),
  ].join("\n");
}

/** The number of tests of each kind that ran, including skipped ones. */
function ran(runs) {
  const kinds = {};
  for (const { kind, tests } of filesOf(runs)) {
    kinds[kind] = (kinds[kind] ?? 0) + tests.filter(({ state }) => state !== "left").length;
  }
  return kinds;
}

/** Stores the number of tests of each kind. */
export function writeFull(runs) {
  writeFileSync(fullFile, `${JSON.stringify(ran(runs), null, 2)}\n`);
}

/** The counts by kind as text, the largest first. */
const byKind = (counts) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");

const sum = (counts) => Object.values(counts).reduce((total, count) => total + Math.max(0, count), 0);

/**
 * The numbers of tests of each kind that `npm test` left out, from the counts of the last full run; without these, the
 * numbers in the files that ran, and how many files of each folder were not opened.
 */
export function lineOfLeft(runs) {
  const all = readResults(fullFile);
  const now = ran(runs);
  const left = all
    ? Object.fromEntries(Object.entries(all).map(([kind, count]) => [kind, count - (now[kind] ?? 0)]))
    : {};
  if (all) return `Left to npm run test:full: ${sum(left)} tests (${byKind(left)})`;
  const opened = new Set(filesOf(runs).map(({ file }) => file));
  const closed = {};
  for (const name of readdirSync("test", { recursive: true, encoding: "utf8" })) {
    const file = `test/${name.replaceAll("\\", "/")}`;
    if (!file.endsWith(".test.ts") || opened.has(file)) continue;
    const folder = file.split("/")[1];
    closed[folder] = (closed[folder] ?? 0) + 1;
  }
  for (const { kind, tests } of filesOf(runs)) {
    left[kind] = (left[kind] ?? 0) + tests.filter(({ state }) => state === "left").length;
  }
  return (
    `Left to npm run test:full: ${sum(left)} tests of these files (${byKind(left)}), ` +
    `and ${sum(closed)} files (of ${byKind(closed)})`
  );
}
