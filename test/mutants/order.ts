import type { Measured } from "./worker.ts";

/** What compiling one shader costs, in milliseconds; the first time it is run, on a software adapter. */
const compiling = 1500;

/**
 * The tests that use a shader file, the cheapest first: those that run in little time, and among them those whose
 * shaders an earlier one has had compiled already.
 */
export function orderFor(file: string, tests: readonly Measured[]): string[] {
  const left = tests
    .map(({ test, milliseconds, shaders }) => ({
      test,
      milliseconds,
      shaders: shaders.filter(({ files }) => files.includes(file)).map(({ hash }) => hash),
    }))
    .filter(({ shaders }) => shaders.length > 0)
    .sort((p, q) => p.milliseconds - q.milliseconds);
  const compiled = new Set<string>();
  const order: string[] = [];
  while (left.length > 0) {
    const costs = left.map(
      ({ milliseconds, shaders }) => milliseconds + compiling * shaders.filter((hash) => !compiled.has(hash)).length,
    );
    const [next] = left.splice(costs.indexOf(Math.min(...costs)), 1);
    if (!next) break;
    order.push(next.test);
    for (const hash of next.shaders) compiled.add(hash);
  }
  return order;
}
