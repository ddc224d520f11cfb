import { WgslError } from "../../error.ts";
import { abstractFloat, abstractInt, bool, byLetter, type ScalarType } from "../types.ts";
import { constantIn } from "./ranges.ts";

/** The type and value of a literal. Throws `WgslError` for a number that its suffix has no room for. */
export function literalOf(text: string, at: number): { readonly type: ScalarType; readonly value: number } {
  if (text === "true" || text === "false") return { type: bool, value: text === "true" ? 1 : 0 };
  const isHexadecimal = /^0[xX]/.test(text);
  const isFloat = isHexadecimal ? /[.pP]/.test(text) : /[.eEfh]/.test(text);
  const suffix = (isHexadecimal && !isFloat ? /[iu]$/ : /[iufh]$/).exec(text)?.[0];
  const digits = suffix === undefined ? text : text.slice(0, -1);
  const value = isHexadecimal ? hexadecimal(digits) : Number(digits);
  const type = suffix === undefined ? (isFloat ? abstractFloat : abstractInt) : (byLetter[suffix] as ScalarType);
  const fitting = constantIn(value, type);
  if (fitting === undefined) throw new WgslError(`${text} is no ${type.name}`, at);
  return { type, value: fitting };
}

/** `0x1.8p3`, or a whole number. One of more than 53 bits is rounded, not refused. */
function hexadecimal(text: string): number {
  const [, digits = "", fraction = "", exponent = "0"] =
    /^0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([+-]?\d+))?$/.exec(text) ?? [];
  const whole = Number(BigInt(`0x0${digits}${fraction}`));
  return whole * 2 ** (Number(exponent) - 4 * fraction.length);
}
