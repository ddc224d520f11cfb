/** Pages with a generated part, and what makes it. */
export const pages: ReadonlyMap<string, () => Promise<string>>;
/** The text of a page with its generated part brought up to date. Throws where a marker is missing. */
export function freshPage(file: string, text: string): Promise<string>;
