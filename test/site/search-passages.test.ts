import { describe, expect, test } from "vitest";
import { standardExample } from "../../site/search/text/examples.ts";
import { proseOf } from "../../site/search/text/markdown.ts";
import { cut, matchable, passageSizes, samePassages, wordsOf } from "../../site/search/text/passages.ts";
import { readTexts } from "../../site/search/text/read-files.ts";
import { longestSentence, sentencesOf } from "../../site/search/text/sentences.ts";

describe("sentences", () => {
  test.each([
    ["It rained. We stayed in!", ["It rained.", "We stayed in!"]],
    ["A line\nthat is broken.\nAnother one.", ["A line that is broken.", "Another one."]],
    ["Mr. Smith met Dr. J. R. Jones. They spoke.", ["Mr. Smith met Dr. J. R. Jones.", "They spoke."]],
    ["It costs 3.5 francs, i.e. Little. Yes?", ["It costs 3.5 francs, i.e. Little.", "Yes?"]],
    ["今日は雨です。明日は晴れます。", ["今日は雨です。", "明日は晴れます。"]],
    ["no end", ["no end"]],
    ["  \n ", []],
  ])("of %j", (text, sentences) => {
    expect(sentencesOf(text)).toEqual(sentences);
  });

  test("without an end are cut at spaces, and never within a character", () => {
    const words = sentencesOf("word ".repeat(1000));
    expect(words.length).toBeGreaterThan(2);
    expect(words.join(" ")).toBe("word ".repeat(1000).trim());
    const whales = sentencesOf("🐋".repeat(3000));
    expect(whales.join("")).toBe("🐋".repeat(3000));
    for (const piece of [...words, ...whales]) {
      expect(piece.length).toBeLessThanOrEqual(longestSentence);
      expect(piece.isWellFormed()).toBe(true);
    }
  });
});

describe("passages", () => {
  const text = (words: string) => [{ name: "one", text: words }];
  const shown = (words: string, most: number) => cut(text(words), most).map(wordsOf);

  test("have whole sentences, and at most so many characters unless one alone has more", () => {
    const long = `${"X".repeat(50)} y.`;
    expect(shown(`One two. Three four. Five six. ${long} Last.`, 20)).toEqual([
      "One two. Three four.",
      "Five six.",
      long,
      "Last.",
    ]);
  });

  test("end with their paragraph unless it is short", () => {
    expect(shown("A paragraph of some length, which is enough.\n\nAnother one of the kind.", 100)).toEqual([
      "A paragraph of some length, which is enough.",
      "Another one of the kind.",
    ]);
    expect(shown("Yes.\n\nNo, I think.", 60)).toEqual(["Yes. No, I think."]);
  });

  test("begin with a heading, which stays with what follows however long that is", () => {
    const long = `${"x".repeat(70)}.`;
    expect(shown(`Short.\n\nA heading\n\n${long}\n\nAnother heading\n\nWords.`, 40)).toEqual([
      "Short.",
      `A heading ${long}`,
      "Another heading Words.",
    ]);
    const [, headed] = cut(text(`Short.\n\nA heading\n\n${long}`), 40);
    expect(headed && matchable(headed)).toEqual([1]);
    expect(matchable({ sentences: ["A heading"] })).toEqual([0]);
  });

  test("of the example lose no word, in every size", () => {
    const words = standardExample.texts.map((one) => one.text.split(/\s+/).filter(Boolean));
    for (const most of Object.values(passageSizes)) {
      const passages = cut(standardExample.texts, most);
      for (const [i, all] of words.entries()) {
        expect(
          passages
            .filter((passage) => passage.text === i)
            .flatMap(({ sentences }) => sentences)
            .join(" ")
            .split(" "),
        ).toEqual(all);
      }
    }
  });

  test("are the same where each has the same text and words", () => {
    const passages = cut(standardExample.texts, 400);
    expect(samePassages(passages, cut(standardExample.texts, 400))).toBe(true);
    expect(samePassages(passages, passages.slice(1))).toBe(false);
    expect(samePassages(passages, cut(standardExample.texts, 200))).toBe(false);
    expect(samePassages([{ text: 0, sentences: ["a"] }], [{ text: 1, sentences: ["a"] }])).toBe(false);
  });
});

test("of Markdown the prose is left", () => {
  const markdown = [
    "# A title #",
    "Some **bold** words with `code`, a [link](https://example.org/a) and ![a picture](b.svg).",
    "",
    "```ts\nconst gone = 1;\n```",
    "| a | table |",
    "|---|---|",
    "<!-- a comment -->",
    "<picture>",
    "- one",
    "2. two",
    "> said",
  ].join("\n");
  expect(
    proseOf(markdown)
      .split(/\s*\n\s*/)
      .filter(Boolean),
  ).toEqual(["A title", "Some bold words with code, a link and a picture.", "one", "two", "said"]);
});

describe("files of texts", () => {
  const file = (name: string, ...parts: BlobPart[]) => new File(parts, name);

  test("are read in their order, Markdown as prose", async () => {
    expect(await readTexts([file("a.txt", "# words"), file("b.md", "# words")])).toEqual([
      { name: "a.txt", text: "# words" },
      { name: "b.md", text: "\nwords\n" },
    ]);
  });

  test.each([
    [
      file("a.pdf", new Uint8Array([0x25, 0xff, 0xfe])),
      "a.pdf is no text in UTF-8, expected a text file: .txt, .md or the like",
    ],
    [file("b.bin", "a\0b"), "b.bin holds bytes of zero, expected a text file: .txt, .md or the like"],
    [file("c.txt", " \n"), "c.txt is empty, expected a text file"],
    [file("d.txt", new Uint8Array(33e6)), "d.txt has 33.0 MB, expected a text of at most 32.0 MB"],
  ])("that are none are refused by name: %#", async (bad, message) => {
    await expect(readTexts([file("good.txt", "words"), bad])).rejects.toThrow(message);
  });
});
