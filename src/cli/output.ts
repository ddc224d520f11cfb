/** False once the reader of stdout has gone, as in `shaderformer generate | head`. */
let readable = true;
const whenGone: (() => void)[] = [];

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  readable = false;
  for (const act of whenGone.splice(0)) act();
});

/** Calls `act` when stdout's reader goes away. */
export function onReaderGone(act: () => void): void {
  whenGone.push(act);
}

/** Writes text to stdout and waits until the system has accepted it; drops it once the reader has gone. */
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
