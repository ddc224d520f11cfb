/** The words of an error. */
export const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * A text of another's, such as a driver's or a browser's, as part of a sentence of ours: without the full stops that it
 * ends with. `otherwise` where it says nothing.
 */
export const clause = (text: string, otherwise = ""): string => text.replace(/[\s.]+$/, "") || otherwise;

/** A text as a sentence: it begins as one, unless with a name, and ends as one. */
export function sentence(text: string): string {
  const begun = text.trim().replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase());
  return /[!?]$/.test(begun) ? begun : `${clause(begun)}.`;
}
