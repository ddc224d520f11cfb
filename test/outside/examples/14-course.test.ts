import { existsSync, readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { type Figures, type Section, type Shown, valuesOf } from "../../../examples/14-course/experiment.ts";
import { runOf } from "../../../examples/14-course/experiments.ts";
import { type SectionId, sectionIds, sections } from "../../../examples/14-course/sections.ts";
import { courseText, partsOf } from "../../../site/course/written.ts";
import { openGpu } from "../../../src/index.ts";
import { first, firstIf, firstOfEach } from "../../support/first-tier.ts";

// Not a device of other tests: poisoned memory gives each of the many steps new buffers, and naive products take minutes.
const gpu = await openGpu();
afterAll(() => gpu.close());
const section = (id: SectionId): Section => sections[id] as Section;

/** The folder of a section's module: `npm test` runs one section of each. */
const folderOf = (id: SectionId): string => {
  const folders = ["words", "sequences", "transformers", "writing", "inside"];
  return folders.find((folder) => existsSync(`examples/14-course/${folder}/${id}.ts`)) ?? "";
};
const isFirst = firstOfEach(sectionIds, folderOf);

/** All that a run shows, and what it finds. `more` are settings that the page refuses. */
async function runs(id: SectionId, given: Parameters<typeof valuesOf>[1], more: Readonly<Record<string, number>> = {}) {
  const values = { ...valuesOf(section(id).settings, given), ...more };
  const run = (await runOf(id))(gpu, values, { models: "examples/models" });
  const shown: Shown[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { shown, figures: next.value };
    shown.push(next.value);
  }
}

for (const id of sectionIds) {
  test(`${id}: its claim holds at the smallest settings`, firstIf(isFirst(id)), async () => {
    const { shown, figures } = await runs(id, section(id).quick ?? {});
    expect(shown.length).toBeGreaterThan(0);
    expect({ figures, holds: section(id).holds(figures) }).toEqual({ figures, holds: true });
  });
}

const text = courseText();
const parts = partsOf(text);
const words = (markdown: string) => markdown.replace(/\s+/g, " ").trim();

test.each(sectionIds)("%s: its text has its claim, what to look at and three questions, in 400 words", first, (id) => {
  const { title, claim } = section(id);
  const part = parts.get(title) ?? "";
  expect(words(part.replace(/^> ?/gm, ""))).toContain(words(`**Claim.** ${claim}`));
  expect(part).toMatch(/^\*\*Look at\*\* /m);
  expect(part.match(/<summary>[^<]+\?<\/summary>/g)).toHaveLength(3);
  expect(words(part.split("> **Claim.**")[0] ?? "").split(" ").length).toBeLessThanOrEqual(400);
});

test("the course's text has a section for each experiment, in their order, and a time line", first, () => {
  expect([...parts.keys()]).toEqual(["", ...sectionIds.map((id) => section(id).title), "Time line"]);
});

test.each(sectionIds)("%s: the recorded run is of its standard settings, and shows its claim", first, (id) => {
  const text = readFileSync(`examples/14-course/recorded/${id}.json`, "utf8");
  const { values, figures, shown }: { values: object; figures: Figures; shown: readonly Shown[] } = JSON.parse(text);
  expect(values).toEqual(valuesOf(section(id).settings, {}));
  expect(section(id).holds(figures)).toBe(true);
  expect(shown.length).toBeGreaterThan(0);
  expect(text.length).toBeLessThan(100_000);
});

test("a claim can fail: figures of nothing show none", first, () => {
  for (const id of sectionIds) expect(section(id).holds({})).toBe(false);
});

const settings = {
  steps: { label: "steps", value: 10, least: 1, most: 20 },
  rate: { label: "rate", value: 0.5, least: 0, most: 1 },
  text: { label: "text", value: "a", longest: 3 },
  kind: { label: "kind", value: "a", choices: ["a", "b"] },
} as const;

test.each([
  [{ steps: "2.5" }, 'steps is "2.5", expected a whole number from 1 to 20'],
  [{ steps: "" }, 'steps is "", expected a whole number from 1 to 20'],
  [{ rate: "two" }, 'rate is "two", expected a number from 0 to 1'],
  [{ text: " " }, 'text is " ", expected 1 to 3 characters'],
  [{ kind: "c" }, 'kind is "c", expected one of a, b'],
  [{ speed: 1 }, "there is no setting speed, only steps, rate, text, kind"],
])("settings %j are refused", first, (given, message) => {
  expect(() => valuesOf(settings, given)).toThrow(new RangeError(message));
});

test("settings that are given take the place of the standard ones", first, () => {
  expect(valuesOf(settings, { steps: "3", rate: "1e-3", kind: "b" })).toEqual({
    steps: 3,
    rate: 1e-3,
    text: "a",
    kind: "b",
  });
});

test("a word that a bag does not have is named, with those that it has", first, async () => {
  await expect(runs("bag-of-words", { first: "the dog barked" })).rejects.toThrow(
    /“barked” is not a word of this bag: it has the, dog/,
  );
});

test.each([
  ["language-model", { passage: "a" }, /^the text to read is too short: expected two tokens or more$/],
  ["gpt", { text: "a" }, /^the text is too short: its tokens are \d, expected 128, two contexts of 64$/],
] as const)("a text of one token is too short for %s", first, async (id, given, message) => {
  await expect(runs(id, given)).rejects.toThrow(message);
});

test("a run that diverges says at which step, and what to do", first, async () => {
  await expect(runs("bag-of-words", {}, { rate: 1e30 })).rejects.toThrow(
    /^the loss is \w+ at step \d+: choose a smaller learning rate$/,
  );
});
