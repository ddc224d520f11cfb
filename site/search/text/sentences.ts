/** Words whose full stop does not end a sentence, lower-cased. */
const abbreviations = new Set([
  ...["mr", "mrs", "ms", "dr", "prof", "st", "gen", "rev", "hon", "capt", "lt", "col", "sgt", "jr", "sr"],
  ...["no", "nos", "art", "sec", "ch", "fig", "vol", "pp", "cf", "vs", "e.g", "i.e", "approx", "dept", "inc"],
]);

/** A longer sentence is a list or not prose: it is split at a space. */
export const longestSentence = 2000;

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** True if the text ends with an abbreviation or an initial, so that its sentence continues. */
function goesOn(text: string): boolean {
  const [, word = ""] = /([\p{L}.]+)\.\s*$/u.exec(text) ?? [];
  return abbreviations.has(word.toLowerCase()) || /^\p{Lu}$/u.test(word);
}

/**
 * The sentences of a paragraph, each with single spaces: by Unicode's rules (UAX 29), except for abbreviations and
 * initials. Sentences of more than 2000 characters are split at spaces.
 */
export function sentencesOf(paragraph: string): string[] {
  const found: string[] = [];
  let begun = "";
  // The end of a line is not the end of a sentence: texts are often wrapped.
  for (const { segment } of segmenter.segment(paragraph.replace(/\s+/g, " ").trim())) {
    begun += segment;
    if (goesOn(begun)) continue;
    found.push(...pieces(begun.trim()));
    begun = "";
  }
  found.push(...pieces(begun.trim()));
  return found;
}

function pieces(sentence: string): string[] {
  const found: string[] = [];
  let rest = sentence;
  while (rest.length > longestSentence) {
    const space = rest.lastIndexOf(" ", longestSentence);
    const at = space > longestSentence / 2 ? space : longestSentence;
    // Not within a surrogate pair.
    const end = /[\ud800-\udbff]/.test(rest[at - 1] ?? "") ? at - 1 : at;
    found.push(rest.slice(0, end).trim());
    rest = rest.slice(end).trim();
  }
  return rest === "" ? found : [...found, rest];
}
