import { expect, test } from "vitest";
import { closedLength, readMarkdown, safeAddress } from "../../site/generate/text/markdown.ts";

test.each([
  ["", ""],
  ["a line", ""],
  ["a paragraph\n\nand", "a paragraph\n\n"],
  ["one\n\ntwo\n \nthree\n", "one\n\ntwo\n \n"],
  ["a\n\n```js\nx\n\ny", "a\n\n"],
  ["a\n\n```js\nx\n\n```\n\nb", "a\n\n```js\nx\n\n```\n\n"],
  ["a\n\n~~~\n```\n\n~~~\n\n", "a\n\n~~~\n```\n\n~~~\n\n"],
  ["````\n```\n\n```\n\n", ""],
])("of %j the blocks are closed up to %j", (text, closed) => {
  expect(text.slice(0, closedLength(text))).toBe(closed);
});

test("addresses that a page may open, and those that run something", () => {
  for (const href of ["https://example.org/a", "http://example.org", "mailto:a@example.org"]) {
    expect(safeAddress(href)).toBe(href);
  }
  for (const href of ["javascript:alert(1)", "data:text/html,<b>", "vbscript:x", "file:///etc/hosts", "/a", "#a", ""]) {
    expect(safeAddress(href)).toBeUndefined();
  }
});

test("plain paragraphs and very long texts are shown as they are written", async () => {
  const types = (text: string, grows = false) => readMarkdown(text, grows)?.blocks.map(({ type }) => type);
  await expect.poll(() => types("# A\n\nb")).toEqual(["heading", "space", "paragraph"]); // once the package is there
  expect(types("A paragraph - with a dash.\n\n  And white   space.\n")).toBeUndefined();
  expect(types(`# ${"a ".repeat(30_000)}`)).toBeUndefined();
  expect(readMarkdown("**a**\n\n- b\n- c", true)).toMatchObject({
    blocks: [{ type: "paragraph" }, {}],
    rest: "- b\n- c",
  });
});
