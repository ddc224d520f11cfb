/** Pages with generated parts, and their generators: for one text, or for texts by the names in their markers. */
export const pages: ReadonlyMap<string, () => Promise<string | Readonly<Record<string, string>>>>;
/**
 * The text of a page with its generated parts updated. Throws if markers are missing, or if a marker's part is unknown.
 */
export function freshPage(file: string, text: string): Promise<string>;
