/** The words of an error. */
export const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * A foreign text, such as a driver's or a browser's, as part of our sentence: without final full stops. `otherwise` if
 * it is empty.
 */
export const clause = (text: string, otherwise = ""): string => text.replace(/[\s.]+$/, "") || otherwise;

/** A text as a sentence: with a capital, unless it begins with a name, and a full stop. */
export function sentence(text: string): string {
  const begun = text.trim().replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase());
  return /[!?]$/.test(begun) ? begun : `${clause(begun)}.`;
}
