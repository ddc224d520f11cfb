import { InvalidArgumentError } from "commander";

/** Any finite number. The engine checks ranges. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Expected a number.");
  return value;
}

/** An integer of 0 or more. */
export function count(text: string): number {
  const value = Number(text);
  if (!/^\s*\d+\s*$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("Expected an integer of 0 or more.");
  }
  return value;
}

/** An integer of 1 or more. */
export function positive(text: string): number {
  const value = count(text);
  if (value === 0) throw new InvalidArgumentError("Expected an integer of 1 or more.");
  return value;
}

/** Integers separated by commas: token ids. */
export function integers(text: string): number[] {
  return text.split(",").map((part) => {
    if (!/^\s*\d+\s*$/.test(part)) {
      throw new InvalidArgumentError("Expected token ids separated by commas, such as 0,2,17.");
    }
    return Number(part);
  });
}

/** Adds a value to an option that may be given several times. */
export function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
