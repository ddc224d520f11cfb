// Prints the slowest files, what failed, and how many tests passed, failed and were skipped, alone on a line, of all runs
// that scripts/test.mjs kept. Fails when a test failed, when a kind of tests has no results, and when nothing passed.
//   node scripts/test-counts.mjs FILE…
import { counts, lineOfCounts, readResults, slowest, whatFailed } from "./test/results.mjs";

const runs = process.argv.slice(2).flatMap((file) => {
  const results = readResults(file);
  if (results) return [results];
  console.error(`there is no ${file}: set-up, type check, lint or the tests failed before, see above`);
  process.exitCode = 1;
  return [];
});
console.log(`${slowest(runs, 20)}\n`);
for (const failure of whatFailed(runs)) console.log(failure);
console.log(lineOfCounts(runs));
const { passed, failed } = counts(runs);
if (failed > 0 || passed === 0) process.exitCode = 1;
