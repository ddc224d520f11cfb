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
