// Prints how many tests passed, failed and were skipped, from files of vitest's JSON reporter, alone on a line.
// Fails when a test failed, and when there are no results.
import { existsSync, readFileSync } from "node:fs";

let [passed, failed, skipped] = [0, 0, 0];
for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) {
    console.error(`there is no ${file}: set-up, type check, lint or the tests failed before, see above`);
    process.exitCode = 1;
    continue;
  }
  const results = JSON.parse(readFileSync(file, "utf8"));
  // A file that fails to load counts as a failure, although none of its tests failed.
  const brokenFiles = results.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  ).length;
  passed += results.numPassedTests;
  failed += results.numFailedTests + brokenFiles;
  skipped += results.numPendingTests + results.numTodoTests;
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
if (failed > 0 || passed === 0) process.exitCode = 1;
