import { readFileSync } from "node:fs";
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

/** Adds a value to a repeatable option. */
export function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/**
 * Throws for an argument that is not UTF-8. Node replaces what it cannot decode by U+FFFD, so the model would read
 * another text; the system has the bytes. (If they are not available, U+FFFD passes: it can be typed too.)
 */
export function assertUtf8Arguments(): void {
  if (process.platform !== "linux" || !process.argv.some((argument) => argument.includes("\ufffd"))) return;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(readFileSync("/proc/self/cmdline"));
  } catch (cause) {
    throw new Error("the arguments are not UTF-8 text", { cause });
  }
}
