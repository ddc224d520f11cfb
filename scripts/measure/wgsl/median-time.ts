/** Milliseconds that `work` takes: the median of so many times. */
export function medianTime(work: () => unknown, times = 9): number {
  const samples = Array.from({ length: times }, () => {
    const begin = performance.now();
    work();
    return performance.now() - begin;
  });
  return samples.sort((a, b) => a - b)[times >> 1] ?? Number.NaN;
}
