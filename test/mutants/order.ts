import type { Measured } from "./worker.ts";

/** What compiling one shader costs, in milliseconds; the first time it is run, on a software adapter. */
const compiling = 1500;

/**
 * The tests that use a shader file, those first that cost little for what they bring: the less they take to run and to
 * compile, the earlier, and the more files the shader is joined with that no earlier test had it joined with.
 */
export function orderFor(file: string, tests: readonly Measured[]): string[] {
  const left = tests
    .map(({ test, milliseconds, shaders }) => ({
      test,
      milliseconds,
      shaders: shaders.filter(({ files }) => files.includes(file)),
    }))
    .filter(({ shaders }) => shaders.length > 0)
    .sort((p, q) => p.milliseconds - q.milliseconds);
  const compiled = new Set<string>();
  const joined = new Set<string>();
  const order: string[] = [];
  while (left.length > 0) {
    const costs = left.map(({ milliseconds, shaders }) => {
      const cost = milliseconds + compiling * shaders.filter(({ hash }) => !compiled.has(hash)).length;
      const files = new Set(shaders.flatMap((shader) => shader.files.filter((name) => !joined.has(name))));
      return cost / (1 + files.size);
    });
    const [next] = left.splice(costs.indexOf(Math.min(...costs)), 1);
    if (!next) break;
    order.push(next.test);
    for (const { hash, files } of next.shaders) {
      compiled.add(hash);
      for (const name of files) joined.add(name);
    }
  }
  return order;
}
