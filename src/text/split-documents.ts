/**
 * The documents of a text: the stretches between lines that are exactly `separator`, without the empty lines around
 * them; empty ones are left out. Without a separator, the whole text.
 */
export function splitDocuments(text: string, separator: string | undefined): string[] {
  if (separator === undefined) return [text];
  const documents: string[][] = [[]];
  for (const line of text.split(/\r?\n/)) {
    if (line === separator) documents.push([]);
    else documents.at(-1)?.push(line);
  }
  return documents.map((lines) => lines.join("\n").replace(/^\n+|\n+$/g, "")).filter((text) => text.trim() !== "");
}
