// Every kernel with a token too few, a token twice, two exchanged, or one in the place of another: `study` ends with
// what it found, or with an error that has a line.
import { expect, test } from "vitest";
import { runText } from "../../src/cli/study/text-run.ts";
import { buffersOf } from "../../src/study/buffers.ts";
import { prepare, type StudyKernel } from "../../src/study/kernel.ts";
import { studyKernels } from "../../src/study/kernels.ts";
import { entryOf } from "../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../src/wgsl/run/check/program.ts";
import { type Token, tokensOf } from "../../src/wgsl/tokens.ts";
import { attempts, randomFor } from "../support/fuzz.ts";

/** In `npm test`, every fifth. */
const kernels = [...(await studyKernels())].filter((_, i) => i % attempts(1, 5) === 0);

/** A kernel's smallest dispatch, as `study --wgsl` takes it. */
function smallest(kernel: StudyKernel) {
  const { shader, dispatch } = prepare(kernel, kernel.small);
  const buffers = [...buffersOf(entryOf(checkProgram(shader.code), undefined), dispatch)];
  const bindings = buffers.map(([{ binding }, bytes]) => ({
    group: binding?.group ?? 0,
    binding: binding?.binding ?? 0,
    type: "u32" as const,
    bytesFor: () => bytes,
  }));
  return { code: shader.code, bindings, workgroups: dispatch.workgroups };
}

const rest = { file: "mutant.wgsl", entry: undefined, subgroupSize: 4, maxSteps: 20_000, schedules: 0, gpu: undefined };

/** An error that `study` prints: a line of the text, or a buffer that the text lacks. */
const isPlain = (error: unknown): boolean =>
  error instanceof Error && /^mutant\.wgsl:(?:\d+: |.* for which data is given$)/.test(error.message);

test("token mutants of every kernel end with a result or an error with a line", async () => {
  const random = randomFor("mutants of tokens");
  const counts = { refused: 0, endless: 0, run: 0 };
  for (const [name, kernel] of kernels) {
    const given = smallest(kernel);
    const { code } = given;
    const tokens = tokensOf(code).slice(0, -1);
    const byKind = new Map(tokens.map(({ kind }) => [kind, tokens.filter((token) => token.kind === kind)]));
    const oneOf = (list: readonly Token[] = tokens) => list[random.integer(list.length)] as Token;
    for (let i = 0; i < attempts(25, 2); i++) {
      const one = oneOf();
      // Mostly of the same kind, which more often means something.
      const other = oneOf(random.uniform() < 0.9 ? byKind.get(one.kind) : undefined);
      const [first, second] = one.at < other.at ? [one, other] : [other, one];
      const between = code.slice(first.end, second.at);
      const [what, put, from, to] = [
        ["without", "", one.at, one.end],
        ["twice", `${one.text} ${one.text}`, one.at, one.end],
        [`with ${other.text} swapped for`, `${second.text}${between}${first.text}`, first.at, second.end],
        [`with ${other.text} for`, other.text, one.at, one.end],
      ][Math.min(3, random.integer(6))] as [string, string, number, number];
      const mutant = `${code.slice(0, from)} ${put} ${code.slice(to)}`;
      try {
        await runText({ ...rest, ...given, code: mutant });
        counts.run++;
      } catch (error) {
        const where = `${name} ${what} ${one.text}, line ${code.slice(0, one.at).split("\n").length}:\n${mutant}`;
        if (!isPlain(error)) throw new Error(`${error} of ${where}`, { cause: error });
        counts[/ steps/.test((error as Error).message) ? "endless" : "refused"]++;
      }
    }
  }
  console.log(`${counts.refused} mutants refused, ${counts.endless} out of steps, ${counts.run} run to their end`);
  expect(counts.run).toBeGreaterThan(0);
});
