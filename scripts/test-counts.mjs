// Prints what failed, and how many tests passed, failed and were skipped, alone on a line, from files of vitest's JSON
// reporter. Fails when a test failed, and when there are no results.
import { counts, failures, readResults } from "./test/results.mjs";

const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  const results = readResults(file);
  if (!results) {
    console.error(`there is no ${file}: set-up, type check, lint or the tests failed before, see above`);
    process.exitCode = 1;
    continue;
  }
  for (const failure of failures(results)) console.log(failure);
  for (const [kind, count] of Object.entries(counts(results))) total[kind] += count;
}
const { passed, failed, skipped } = total;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
if (failed > 0 || passed === 0) process.exitCode = 1;
