// Prints how many tests passed, failed and were skipped, from the file of vitest's JSON reporter, alone on a line.
// Fails when a test failed, and when there are no results.
import { existsSync, readFileSync } from "node:fs";

const [file = ""] = process.argv.slice(2);
if (!existsSync(file)) {
  console.error(`no test ran: there is no ${file}; set-up, type check or lint failed before, see above`);
  process.exit(1);
}
const results = JSON.parse(readFileSync(file, "utf8"));
// A file that fails to load fails without any of its tests having failed.
const brokenFiles = results.testResults.filter(
  ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
).length;
const failed = results.numFailedTests + brokenFiles;
const skipped = results.numPendingTests + results.numTodoTests;
console.log(`${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
if (failed > 0 || results.numPassedTests === 0) process.exitCode = 1;
