/**
 * The alphabet of byte-level BPE: every byte is written as one printable character. Printable ASCII and Latin-1 stand
 * for themselves, the 68 other bytes take the characters from U+0100 in order (a space is U+0120, a newline U+010A).
 * Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.2, and its released
 * code.
 */
const characterBytes: ReadonlyMap<string, number> = (() => {
  const bytes = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    bytes.set(String.fromCharCode(printable ? byte : next++), byte);
  }
  return bytes;
})();

/** The character of each byte. */
const byteCharacters = [...characterBytes].sort(([, a], [, b]) => a - b).map(([character]) => character);

/** Bytes written in that alphabet. */
export const byteLevelText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byteCharacters[byte] ?? "").join("");

const utf8 = new TextEncoder();

/**
 * The bytes of a token in a byte-level vocabulary. A token with a character outside the alphabet stands for its own
 * UTF-8 bytes.
 */
export function byteLevelBytes(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  let length = 0;
  for (const character of token) {
    const byte = characterBytes.get(character);
    if (byte === undefined) return utf8.encode(token);
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}
