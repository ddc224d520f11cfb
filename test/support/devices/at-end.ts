// What is left to do when all files of the process have run, such as closing browsers that they share. The environment
// of the project does it, and has modules of its own: so this is kept where both find it.
const key = Symbol.for("shaderformer.atEnd");

type Work = () => Promise<unknown>;

/** Functions to call after the last file. */
export function atEnd(): Set<Work> {
  const process = globalThis as { [key]?: Set<Work> };
  process[key] ??= new Set();
  return process[key];
}
