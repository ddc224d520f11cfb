import type { Command } from "commander";

/** A line for people; the command's output goes to stdout. */
export const say = (line: string): unknown => process.stderr.write(`${line}\n`);

/** Runs a command line; an error becomes a line and the exit code 1. */
export async function runCommand(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    say(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

/** Aborted by Ctrl-C. */
export function interrupted(): AbortSignal {
  const interrupt = new AbortController();
  process.once("SIGINT", () => interrupt.abort(new Error("interrupted")));
  return interrupt.signal;
}
