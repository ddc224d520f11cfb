import type { StepLimit } from "./step-limit.ts";

/** What a BertNormalizer does, in this order. */
export interface BertNormalizing {
  /** Drops NUL, U+FFFD and control characters, and writes every white space as a space. */
  readonly cleanText: boolean;
  /** Puts a space on either side of a CJK character. */
  readonly spaceChinese: boolean;
  /** Decomposes characters and drops the non-spacing marks. */
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

/** CJK ideographs: the blocks that BERT's first tokenizer named, without kana and hangul. */
const CHINESE: readonly (readonly [first: number, last: number])[] = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b920, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
];

function cleaned(character: string): string {
  if (/[\t\n\r]/.test(character)) return " ";
  if (character === "\ufffd" || /[\p{Cc}\p{Cf}\p{Co}]/u.test(character)) return "";
  return /\p{White_Space}/u.test(character) ? " " : character;
}

function spaced(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return CHINESE.some(([first, last]) => code >= first && code <= last) ? ` ${character} ` : character;
}

/** Applies `change` to each character by itself. */
export function eachCharacter(text: string, change: (character: string) => string): string {
  let changed = "";
  for (const character of text) changed += change(character);
  return changed;
}

/** A character in lower case by itself: a sigma at the end of a word is as any other, as in the Rust library. */
export const lowercased = (character: string): string => character.toLowerCase();

/**
 * The normalizer of BERT (huggingface/tokenizers, src/normalizers/bert.rs). The library for JavaScript sees UTF-16 units
 * where ideographs beyond U+FFFF have two, and writes the last sigma of a word as ς.
 */
export function bertNormalized(text: string, does: BertNormalizing, limit: StepLimit): string {
  limit.take(4 * text.length);
  let current = text;
  if (does.cleanText) current = eachCharacter(current, cleaned);
  if (does.spaceChinese) current = eachCharacter(current, spaced);
  if (does.stripAccents) current = current.normalize("NFD").replace(/\p{Mn}/gu, "");
  return does.lowercase ? eachCharacter(current, lowercased) : current;
}
