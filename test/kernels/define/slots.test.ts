import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path/posix";
import { expect, test } from "vitest";
import { namedParts } from "../../../src/wgsl-loader.ts";

const readme = readFileSync("shaders/README.md", "utf8");
const files = readdirSync("shaders", { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => name.endsWith(".wgsl"));
const text = (name: string) => readFileSync(`shaders/${name}`, "utf8");
const kernels = files.filter((name) => text(name).includes("@compute"));

/** The slots of the table, and what each file of one defines: `fn(parameters)`, or the name of a type or constant. */
const contracts = new Map(
  [...readme.matchAll(/^\| `([^`]+)` \| (.+?) \| .+ \|$/gm)].map(([, slot = "", defined = ""]) => [
    slot,
    [...defined.matchAll(/`([^`]+)`/g)].map(([, one = ""]) => one),
  ]),
);

/** What a file defines at module scope, as the table writes it. */
function definedIn(code: string): Set<string> {
  const functions = [...code.matchAll(/^fn (\w+)\(([^)]*)\)/gm)].map(([, name = "", list = ""]) => {
    const parameters = [...list.matchAll(/(\w+):/g)].map(([, parameter]) => parameter);
    return `${name}(${parameters.join(", ")})`;
  });
  const others = [...code.matchAll(/^(?:const|alias|struct) (\w+)/gm)].map(([, name = ""]) => name);
  return new Set([...functions, ...others]);
}

test.each([...contracts])("each file of slot %s defines what its contract says", (slot, defined) => {
  const members = files.filter((name) => dirname(name) === slot);
  expect(members.length).toBeGreaterThan(1);
  expect(defined.length).toBeGreaterThan(0);
  const missing = members.flatMap((name) => {
    const own = definedIn(text(name));
    return defined.filter((one) => !own.has(one) && !inherits(name, one)).map((one) => `${name}: ${one}`);
  });
  expect(missing).toEqual([]);
});

/** True if a part that a file names, or that such a part names, defines it: one that serves several files of a slot. */
const inherits = (name: string, one: string): boolean =>
  namedParts(text(name)).some(({ name: part }) => {
    const file = `${part}.wgsl`;
    return definedIn(text(file)).has(one) || inherits(file, one);
  });

test("every slot is in the table: folders of parts with the same functions in each file", () => {
  const parts = files.filter((name) => !kernels.includes(name));
  const folders = [...new Set(parts.map((name) => dirname(name)))];
  const slots = folders.filter((folder) => {
    const members = parts.filter((name) => dirname(name) === folder);
    const own = new Map(members.map((name) => [name, definedIn(text(name))]));
    const all = [...own.values()].flatMap((defined) => [...defined]);
    const names = all.filter((one, i) => all.indexOf(one) !== i); // of at least two files
    const everywhere = (one: string) => members.every((name) => own.get(name)?.has(one) || inherits(name, one));
    return names.some(everywhere);
  });
  expect(slots.length).toBeGreaterThan(30);
  expect([...contracts.keys()].sort()).toEqual(slots.sort());
});

test("the files that the page points at are there, the order of reading among them", () => {
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  expect(links.filter((target) => !existsSync(`shaders/${target}`))).toEqual([]);
  expect(links).toContain("elementwise/map.wgsl");
  expect(links).toContain("attention/flash.wgsl");
});

test("the first line of a kernel after its parts is its formula", () => {
  const without = kernels.filter((name) => {
    const first = text(name)
      .split("\n")
      .find((line) => !line.startsWith("// with:"));
    return !/^\/\/ .+?: {2}\S/.test(first ?? "");
  });
  expect(without).toEqual([]);
});
