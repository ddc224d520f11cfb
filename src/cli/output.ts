import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { reportFailure } from "./failure.ts";

/** False once stdout takes no more: its reader has gone, as in `shaderformer generate | head`, or its disk is full. */
let readable = true;
const whenGone: (() => void)[] = [];

/** Ends work, and says why, when stdout cannot be written. */
export function handleOutputErrors(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (readable && error.code !== "EPIPE") {
      process.exitCode = 1;
      reportFailure(new Error(`the output cannot be written: ${error.message}`, { cause: error }));
    }
    readable = false;
    for (const act of whenGone.splice(0)) act();
  });
  process.stderr.on("error", () => {}); // nothing can be said about it
}

/** Calls `act` when stdout takes no more. */
export function onReaderGone(act: () => void): void {
  whenGone.push(act);
}

/** Writes text to stdout and waits until the system has accepted it; drops it once stdout takes no more. */
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

/** Throws unless the file that an option names can be written, so that the error comes before the work. */
export async function assertWritable(option: string, file: string): Promise<void> {
  if (file === "") throw new Error(`${option}: the name of the file is empty`);
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() || (!found && file.endsWith("/"))) throw new Error(`${option}: ${file} is a folder`);
  const folder = "its folder does not exist or is not writable";
  await access(found ? file : dirname(file), constants.W_OK).catch((cause: unknown) => {
    throw new Error(`${option}: ${file} cannot be written: ${found ? "permission denied" : folder}`, { cause });
  });
}
