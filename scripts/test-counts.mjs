// Prints, for all runs that scripts/test.mjs kept, the slowest files, the failures, and on a separate line how many
// tests passed, failed and were skipped. Fails if a test failed, if a kind of tests has no results, or if nothing
// passed.
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
