import fc from "fast-check";
import { expect, test } from "vitest";
import { createTextFlow } from "../../src/cli/generate/text-flow.ts";
import { lineColumns } from "../../src/cli/terminal.ts";

/** What a terminal shows of it, line by line: it knows how to go left and how to erase the rest of the line. */
function shown(written: string): string[] {
  const lines = [""];
  const [plain = "", ...commands] = written.split("\u001b[");
  for (const part of [`0D${plain}`, ...commands]) {
    const [, count = "0", command, text = ""] = /^(\d*)([DK])(.*)$/s.exec(part) ?? [];
    const line = [...(lines.at(-1) ?? "")];
    if (command === "D") line.splice(line.length - Number(count));
    const [rest = "", ...more] = text.split("\n");
    lines[lines.length - 1] = line.join("") + rest;
    lines.push(...more);
  }
  return lines;
}

const flowed = (columns: number, ...pieces: string[]) => {
  const flow = createTextFlow(() => columns);
  return shown(pieces.map(flow).join(""));
};

test("lines break between words, also those that come in pieces", () => {
  expect(flowed(12, "Call me Ish", "mael. Some", " years")).toEqual(["Call me ", "Ishmael. ", "Some years"]);
});

test("a word longer than a line is cut", () => {
  expect(flowed(6, "ab", "cdefghijkl")).toEqual(["abcde", "fghij", "kl"]);
});

test("line ends are kept, and a space at the edge becomes one", () => {
  expect(flowed(6, "ab\n\nabcde fg")).toEqual(["ab", "", "abcde", "fg"]);
});

test("wide characters count twice, marks not at all", () => {
  expect(flowed(6, "鯨鯨鯨")).toEqual(["鯨鯨", "鯨"]);
  expect(flowed(6, "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301")).toEqual(["e\u0301".repeat(5), "e\u0301"]);
});

test("control characters do not reach the terminal", () => {
  expect(createTextFlow(() => 80)("a\u001b[2Jb\u0007\r\n")).toBe("a[2Jb\n");
});

test("no line is longer than the terminal, and nothing but spaces is lost", () => {
  const piece = fc.string({ unit: fc.constantFrom("a", "b", " ", "c", "\n"), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(piece), fc.integer({ min: 4, max: 20 }), (pieces, columns) => {
      const lines = flowed(columns, ...pieces);
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(columns);
      expect(lines.join("").replace(/\s/g, "")).toBe(pieces.join("").replace(/\s/g, ""));
    }),
  );
});

test("a terminal that does not know its width breaks nothing", () => {
  const flow = createTextFlow(() => lineColumns({ columns: 0 }));
  const text = "Call me Ishmael. ".repeat(30);
  expect(flow(text)).toBe(text);
  expect(lineColumns({ columns: 40 })).toBe(40);
});
