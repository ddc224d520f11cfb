import { FormatError } from "../format-error.ts";
import { decodeUtf8 } from "../read-text.ts";
import type { Cursor } from "./cursor.ts";

/** Reads values, each checked against what is left of the file. */
export interface ValueReader {
  readonly file: string;
  readonly cursor: Cursor;
  count(field: string, most: number, least: number): Promise<number>;
  u32(field: string): Promise<number>;
  string(field: string, most?: number): Promise<string>;
  fail(field: string, problem: string): never;
}

const longestString = 2 ** 30;

/** A reader of values of a file. */
export function valueReader(file: string, cursor: Cursor): ValueReader {
  const fail = (field: string, problem: string): never => {
    throw new FormatError(file, problem, { field });
  };

  /** A number of things, of at least `least` bytes each, that the rest of the file has room for. */
  async function count(field: string, most: number, least: number): Promise<number> {
    const found = (await cursor.take(8, field)).getBigUint64(0, true);
    if (found > most) return fail(field, `is ${found}, expected at most ${most}`);
    const bytes = Number(found) * least;
    if (bytes > cursor.left) fail(field, `is ${found}, which takes ${bytes} bytes, but ${cursor.left} are left`);
    return Number(found);
  }

  async function string(field: string, most = longestString): Promise<string> {
    const length = await count(`${field}: length`, most, 1);
    const { buffer, byteOffset } = await cursor.take(length, field);
    return decodeUtf8(file, new Uint8Array(buffer, byteOffset, length), true, field);
  }

  const u32 = async (field: string) => (await cursor.take(4, field)).getUint32(0, true);
  return { file, cursor, fail, count, string, u32 };
}
