// What pages say is wrong, without a browser.
import { expect, test, vi } from "vitest";
import type { DeviceFacts, DeviceState } from "../../site/shell/device/device.ts";
import { clause, sentence } from "../../site/shell/trouble/sentence.ts";
import { pageGlobals } from "./page-globals.ts";

const stored = pageGlobals();
const { adapterTroubles, deviceTroubles } = await import("../../site/shell/device/troubles.ts");

test("a text of another's is part of a sentence without the full stops that it ends with", () => {
  for (const text of ["Device was destroyed", "Device was destroyed.", "Device was destroyed.. \n"]) {
    expect(clause(text)).toBe("Device was destroyed");
    expect(sentence(text)).toBe("Device was destroyed.");
  }
  expect([clause(" . ", "no reason"), clause("v1.2 of it")]).toEqual(["no reason", "v1.2 of it"]);
  expect(sentence("the GPU is gone!")).toBe("The GPU is gone!");
  expect(sentence("config.json: there is no such file")).toBe("config.json: there is no such file.");
});

test.each<DeviceState>([
  { kind: "lost", detail: "Device was destroyed." },
  { kind: "missing", missing: "no-device", detail: "another page uses all memory." },
  { kind: "missing", missing: "no-worker", detail: "Script error." },
])("what the browser says of the device is said once, with one full stop: %o", (state) => {
  const [{ says, todo } = { says: "", todo: "" }] = deviceTroubles(state);
  expect(says).toContain(clause(state.kind === "opening" || state.kind === "ready" ? "" : state.detail));
  expect(`${says} ${todo}`).not.toMatch(/\.\.|\.:|\. ?,/);
});

test("the warning about software adapters is shown once per visitor, then folded; a simulated one is always shown", async () => {
  const facts = { software: true, fault: undefined } as unknown as DeviceFacts;
  expect(adapterTroubles(facts)).toMatchObject([{ key: "software", folded: expect.stringMatching(/not your GPU\.$/) }]);
  /** A page that is opened anew. */
  async function openPage(hash = "") {
    vi.resetModules();
    location.hash = hash;
    return (await import("../../site/shell/trouble/seen.ts")).seenBefore;
  }
  const first = await openPage();
  expect([first("software"), first("software")]).toEqual([false, false]); // it does not fold while it is read
  expect([...stored.keys()]).toEqual(["shaderformer-seen-software"]);
  expect((await openPage())("software")).toBe(true);
  expect((await openPage("#sim=software"))("software")).toBe(false);
  expect((await openPage("#sim=no-storage"))("software")).toBe(false); // where nothing is kept, each page says it
});
