// Bits of every kernel in other orders of its threads: in random ones, and with other threads that share a position in
// the code. That checks the kernels, which have no races, and the interpreter.
import { expect, test } from "vitest";
import { buffersOf } from "../../../src/study/buffers.ts";
import { prepare } from "../../../src/study/kernel.ts";
import { studyKernels } from "../../../src/study/kernels.ts";
import { newCounter } from "../../../src/wgsl/run/count/counter.ts";
import { type ExecuteOptions, execute } from "../../../src/wgsl/run/execute/execute.ts";
import { entryPointOf } from "./watched.ts";

/** Random orders of each kernel. */
const runs = 3;

/** Words that are neither equal nor, as floats, as close as sums in another order are. */
function differing(words: Uint32Array, others: Uint32Array): string[] {
  const [some, same] = [new Float32Array(words.buffer), new Float32Array(others.buffer)];
  const largest = some.reduce((most, one) => (Number.isFinite(one) ? Math.max(most, Math.abs(one)) : most), 0);
  const isClose = (i: number) => Math.abs((some[i] ?? 0) - (same[i] ?? 0)) <= 2e-6 * largest;
  return [...words.keys()]
    .filter((i) => words[i] !== others[i] && !isClose(i))
    .map((i) => `word ${i}: ${some[i]}, ${same[i]} with other threads in a subgroup`);
}

test.each([...(await studyKernels())])("%s", (_, kernel) => {
  const { shader, dispatch } = prepare(kernel, kernel.small);
  const entry = entryPointOf(shader.code);
  const run = (options: Pick<ExecuteOptions, "seed" | "strands" | "subgroupSize" | "mapping" | "observers">) => {
    const { workgroups } = dispatch;
    const buffers = buffersOf(entry, dispatch);
    execute(entry, { workgroups, buffers, ...options });
    return [...buffers].flatMap(([{ name, writable }, bytes]) =>
      writable ? [[name, new Uint32Array(bytes)] as const] : [],
    );
  };
  const counted = (strands: "subgroup" | "workgroup") => {
    const counter = newCounter();
    const bits = run({ subgroupSize: 4, strands, observers: [counter.observer] });
    const { accesses, touched, operations, barriers, activeShare } = counter.counts();
    return { bits, counts: { accesses, touched, operations, barriers, activeShare } };
  };
  const first = counted("subgroup");
  expect(counted("workgroup")).toEqual(first);
  expect(run({ subgroupSize: 32 }), "in subgroups of 32").toEqual(first.bits);
  for (let seed = 0; seed < runs; seed++) {
    expect(run({ subgroupSize: 4, seed }), `in the order of seed ${seed}`).toEqual(first.bits);
  }
  for (const [i, [name, words]] of run({ subgroupSize: 4, mapping: "permuted" }).entries()) {
    const [, others = words] = first.bits[i] ?? [];
    if (/^enable subgroups;/m.test(shader.code)) expect(differing(others, words), name).toEqual([]);
    else expect(words, `${name}, with other threads in a subgroup`).toEqual(others);
  }
});
