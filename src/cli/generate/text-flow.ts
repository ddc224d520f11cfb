/**
 * Makes a function that maps text, as it arrives in pieces, to output for a terminal of `columns()` columns, so that
 * lines break between words. A word that becomes too long for its line is erased and moved to the next. Control
 * characters are removed: a model's text must not control the terminal.
 */
export function createTextFlow(columns: () => number): (text: string) => string {
  let column = 0;
  let word = ""; // the text in this line since the last space
  return (text) => {
    let out = "";
    for (const character of text.replaceAll(/[^\P{Cc}\n\t]/gu, "")) {
      const width = widthOf(character);
      // The last column stays free: terminals differ in where the cursor is after it.
      const full = column + width > Math.max(2, columns() - 1);
      if (character === "\n") {
        out += character;
        column = 0;
        word = "";
      } else if (/\s/.test(character)) {
        out += full ? "\n" : character;
        column = full ? 0 : column + width;
        word = "";
      } else {
        if (full) {
          const taken = [...word].reduce((sum, each) => sum + widthOf(each), 0);
          const movable = taken < column && taken > 0;
          out += movable ? `\x1b[${taken}D\x1b[K\n${word}` : "\n";
          column = movable ? taken : 0;
          if (!movable) word = "";
        }
        out += character;
        word += character;
        column += width;
      }
    }
    return out;
  };
}

const none = /[\p{Mn}\p{Me}\p{Cf}]/u;
const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

/** Width of a character in terminal columns. */
function widthOf(character: string): number {
  if (character === "\t") return 8; // at most
  return none.test(character) ? 0 : wide.test(character) ? 2 : 1;
}
