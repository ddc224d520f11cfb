/**
 * The names of supported models, as in `architectures` of a `config.json`. What reads a model's folder is loaded with
 * the first one, so that a page begins without it.
 */
export async function architectures(): Promise<readonly string[]> {
  return Object.keys((await import("./architectures.ts")).architectures);
}
