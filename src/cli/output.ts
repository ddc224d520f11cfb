import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** False once stdout is closed: its reader has ended, as in `shaderformer generate | head`, or its disk is full. */
let readable = true;
const whenGone: (() => void)[] = [];

/** Ends work, and reports why, when stdout cannot be written. */
export function handleOutputErrors(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (readable && error.code !== "EPIPE") {
      process.exitCode = 1;
      reportFailure(new Error(`the output cannot be written: ${error.message}`, { cause: error }));
    }
    readable = false;
    for (const act of whenGone.splice(0)) act();
  });
  process.stderr.on("error", () => {}); // it cannot be reported
}

/** Calls `act` when stdout is closed. */
export function onReaderGone(act: () => void): void {
  whenGone.push(act);
}

/** Writes text to stdout and waits until the system has accepted it; drops it once stdout is closed. */
export async function print(text: string): Promise<void> {
  if (!readable || text === "") return;
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
}

/** Writes one JSON value and a line end to stdout. NaN and infinities, which JSON lacks, become null. */
export function printJson(value: unknown): Promise<void> {
  return print(`${JSON.stringify(value)}\n`);
}

/** Writes a line for people to stderr. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Throws unless an option's file can be written, so that the error comes before the work. */
export async function assertWritable(option: string, file: string): Promise<void> {
  if (file === "") throw new Error(`${option}: the name of the file is empty`);
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() || (!found && file.endsWith("/"))) throw new Error(`${option}: ${file} is a folder`);
  const folder = "its folder does not exist or is not writable";
  await access(found ? file : dirname(file), constants.W_OK).catch((cause: unknown) => {
    throw new Error(`${option}: ${file} cannot be written: ${found ? "permission denied" : folder}`, { cause });
  });
}

/**
 * Prints an error on stderr: one line, unless a shader's source is shown. With SHADERFORMER_DEBUG=1 also its stack and
 * its causes.
 */
export function reportFailure(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`error: ${message || "unknown"}\n`);
  if (!process.env["SHADERFORMER_DEBUG"]) return;
  for (let at = error; at instanceof Error; at = at.cause) process.stderr.write(`${at.stack}\n`);
}
