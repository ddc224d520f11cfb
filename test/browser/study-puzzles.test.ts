// Puzzles on the page that studies kernels: checked with the visitor's GPU and without, kept, linked; a bug is spotted.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { puzzleOf } from "../../src/study/puzzles/puzzles.ts";
import { type BuiltSite, buildSite } from "./attention/attention-site.ts";
import { browsers, type DrivenBrowser, type OpenedPage } from "./driven.ts";
import { press, shown, untilIn, write } from "./ways.ts";

let site: BuiltSite;
beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site?.close());

const addressOf = (keys: string) => site.front.replace("index.html", `study/index.html#v=1&${keys}`);

describe.each(browsers)("puzzles in $name", ({ missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let opened: OpenedPage;

  beforeAll(async () => {
    browser = await start();
    opened = await browser.open(addressOf("kernel=gemm/naive"));
    await opened.resize(1280, 900);
  });
  afterAll(async () => {
    await browser?.close();
  });

  test("a puzzle that was chosen from the list is solved on the GPU too; the list and the link hold that", async () => {
    const { page } = opened;
    await shown(page, ".device", /software|lavapipe|llvmpipe|swiftshader|subgroups/i);
    await press(page, "#puzzles > summary", /^Puzzles$/);
    await press(page, "#puzzles .kernel-name", /^2\. Guard$/);
    await shown(page, "#puzzle h2", /^Puzzle 2: Guard$/);
    await press(page, "#puzzle label", /^nothing that is sure/);
    await shown(page, "#puzzle fieldset [role=status]", /^Right\. /);
    await press(page, "#puzzle button", /^Check$/);
    await shown(page, "#verdict", /^Not yet\. With n = 1000: y, word 1000 is none of the result/);
    await press(page, "#source button", /^Edit$/);
    await shown(page, ".cm-content", /fn main/);
    await write(page, ".cm-content", puzzleOf("puzzles/guard").solution);
    await shown(page, "#changed", /^Changed/);
    await press(page, "#puzzle button", /^Check$/);
    await shown(page, "#verdict", /^Solved\. Right on 9 cases, in the interpreter, in float64 and on the GPU\./);
    await shown(page, "#puzzles .kernel-name", /^2\. Guard ✓ solved$/);
    const link = await untilIn(page, "a link", () => /[&#]z=/.test(location.hash) && location.href, undefined);

    const other = await browser.open(`${link}&sim=no-webgpu`);
    await shown(other.page, "#puzzles > summary", /, 1 solved$/);
    await press(other.page, "#puzzle button", /^Check$/);
    await shown(other.page, "#verdict", /^Solved\. Right on 9 cases, in the interpreter and in float64\./);
    expect(other.errors).toEqual([]);
    await other.page.close();
  });

  test("a bug is spotted among four lines", async () => {
    const { page } = opened;
    await press(page, "#cards > summary", /^Spot the bug$/);
    await press(page, "#cards .kernel-name", /^2\. norm\/rms-norm$/);
    await shown(page, "#changed", /your text of norm\/rms-norm/);
    await press(page, "#card button", /^squares \+= value \* value;$/);
    await shown(page, "#card [role=status]", /^That line is right\.$/);
    await press(page, "#card button", /^let scale = sqrt\(workgroup_sum/);
    await shown(page, "#card [role=status]", /^Right\. /);
  });

  test("no uncaught errors", () => {
    expect(opened.errors).toEqual([]);
  });
});
