// Files of vitest's JSON reporter: what they say, and one with the files of another in their place.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** The results of a run, by file; undefined where it wrote none. */
export function readResults(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** A file that fails to load, or whose set-up fails, has failed although none of its tests has. */
const isBroken = ({ status, assertionResults }) =>
  status === "failed" && !assertionResults.some((test) => test.status === "failed");

/** The paths of the files in which something failed. */
export const failedFiles = ({ testResults }) =>
  testResults.filter(({ status }) => status === "failed").map(({ name }) => name);

/** How many tests passed, failed and were skipped. */
export function counts({ testResults }) {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const of = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length;
  return {
    passed: of("passed"),
    failed: of("failed") + testResults.filter(isBroken).length,
    skipped: of("pending", "skipped", "todo", "disabled"),
  };
}

/** What failed, each with the beginning of its message. */
export function failures({ testResults }) {
  const short = (message = "") => message.split("\n").slice(0, 12).join("\n  ");
  return testResults.flatMap((file) => [
    ...(isBroken(file) ? [`${file.name}\n  ${short(file.message)}`] : []),
    ...file.assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => `${file.name}: ${fullName}\n  ${short(failureMessages[0])}`),
  ]);
}

/** Writes to `path` the results there with the files of `again` in the place of their first run. */
export function replaceFiles(path, again) {
  const first = readResults(path);
  const names = new Set(again.testResults.map(({ name }) => name));
  first.testResults = [...first.testResults.filter(({ name }) => !names.has(name)), ...again.testResults];
  writeFileSync(path, JSON.stringify(first));
}
