import { WgslError } from "../../error.ts";
import { roundTo, scaled } from "../numbers.ts";
import { abstractFloat, abstractInt, bool, byLetter, type ScalarType } from "../types.ts";
import { fitsAbstract } from "./abstract-integers.ts";
import { constantIn } from "./ranges.ts";

/** The type and value of a literal; `whole` is that of an abstract integer, which has up to 64 bits. */
interface Value {
  readonly type: ScalarType;
  readonly value: number;
  readonly whole?: bigint;
}

/** The value of a literal. Throws `WgslError` for a number that its type has no room for. */
export function literalOf(text: string, at: number): Value {
  if (text === "true" || text === "false") return { type: bool, value: text === "true" ? 1 : 0 };
  const isHexadecimal = /^0[xX]/.test(text);
  const isFloat = isHexadecimal ? /[.pP]/.test(text) : /[.eEfh]/.test(text);
  const suffix = (isHexadecimal && !isFloat ? /[iu]$/ : /[iufh]$/).exec(text)?.[0];
  const digits = suffix === undefined ? text : text.slice(0, -1);
  if (suffix === undefined && !isFloat) return abstractInteger(digits, at);
  const type = suffix === undefined ? abstractFloat : (byLetter[suffix] as ScalarType);
  const value = isHexadecimal ? hexadecimal(digits) : Number(digits);
  const fitting = constantIn(value, type);
  if (fitting === undefined) throw new WgslError(`${text} is no ${type.name}`, at);
  if (isHexadecimal && suffix !== undefined && roundTo(value, type.scalar) !== value)
    throw new WgslError(`${text} is no ${type.name}, but between two of them`, at);
  return { type, value: fitting };
}

function abstractInteger(digits: string, at: number): Value {
  const whole = BigInt(digits);
  if (!fitsAbstract(whole)) throw new WgslError(`${digits} has more than 64 bits`, at);
  return { type: abstractInt, value: Number(whole), whole };
}

/** `0x1.8p3`, or a whole number. One of more than 53 bits is rounded, not refused. */
function hexadecimal(text: string): number {
  const [, digits = "", fraction = "", exponent = "0"] =
    /^0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([+-]?\d+))?$/.exec(text) ?? [];
  const whole = Number(BigInt(`0x0${digits}${fraction}`));
  return whole === 0 ? 0 : scaled(whole, Number(exponent) - 4 * fraction.length);
}
