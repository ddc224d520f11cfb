// Stands in for "vitest" where another process runs test files: the tests that they declare are kept. Assertions are
// vitest's own.
import { expect, vi } from "vitest";

export { expect, vi };

/** A test as a file declared it. */
export interface Collected {
  readonly id: string;
  readonly run: () => unknown;
}

/** Tests collected so far, by file and name. */
export const collected: Collected[] = [];

/** Tests, and groups of them, that a file skips on this device. */
export const skipped: string[] = [];

const path: string[] = [];

/** The name of the error with which a test skips itself. */
export const skippedItself = "SkippedItself";

const context = {
  skip: (is: boolean, why = "its condition") => {
    if (is) throw Object.assign(new Error(why), { name: skippedItself });
  },
};

function declare(name: string, ...rest: readonly unknown[]): void {
  const run = rest.find((item) => typeof item === "function") as ((given: typeof context) => unknown) | undefined;
  const title = [...path, name].join(" > ");
  const same = collected.filter(({ id }) => id === title || id.startsWith(`${title} (`)).length;
  if (run) collected.push({ id: same > 0 ? `${title} (${same + 1})` : title, run: () => run(context) });
}

/** Names the file whose import follows. */
export function beginFile(name: string): void {
  path.splice(0, path.length, name);
  expect.setState({ testPath: name }); // outside of vitest its own throws
}

type Rows = readonly unknown[];

/** A name with the first value of a row in it, or with the row after it. */
const titleOf = (name: string, row: unknown, [value]: Rows): string =>
  name.includes("%s") ? name.replace("%s", () => String(value)) : `${name} ${JSON.stringify(row)}`;

const each =
  (add: typeof declare) =>
  (rows: Rows) =>
  (name: string, ...rest: readonly unknown[]): void => {
    const run = rest.find((item) => typeof item === "function") as (...row: Rows) => unknown;
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row];
      add(titleOf(name, row, values), () => run(...values));
    }
  };

const group = (name: string, body: () => void) => {
  path.push(name);
  body();
  path.pop();
};

const skip = (name: string): void => {
  skipped.push([...path, name].join(" > "));
};
const skipping = Object.assign((name: string) => skip(name), { each: each(skip) });
const declaring = Object.assign((...given: Parameters<typeof declare>) => declare(...given), { each: each(declare) });
const skipIf = (condition: unknown) => (condition ? skipping : declaring);

export const test = Object.assign(declare, { each: each(declare), concurrent: declare, skip, skipIf });
export const it = test;
export const describe = Object.assign(group, {
  skipIf: (condition: unknown) => (condition ? skip : group),
  each: each((name, body) => group(name, body as () => void)),
});

/** Devices stay open: they are shared by all files. */
export function afterAll(): void {}
