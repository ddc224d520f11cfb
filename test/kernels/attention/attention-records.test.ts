// What the records of masks and scores say agrees with their files: names of files, of parameters and of WGSL.

import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { type AttentionRecord, describedBy, maskRecords, scoreRecords } from "../../../src/check/attention-records.ts";
import { bindingOf } from "../../../src/gpu/shader/shader-module.ts";
import { maskMod } from "../../../src/kernels/attention/masks/mask.ts";
import { anyMaskMod, anyScoreMod } from "../../../src/kernels/attention/records/made-mods.ts";
import { checkValues } from "../../../src/kernels/attention/records/values.ts";
import { masks as maskDefinitions } from "../../../src/reference/attention/masks.ts";
import { scores as scoreDefinitions } from "../../../src/reference/attention/scores.ts";
import { type MaskDescription, maskOf, type ScoreDescription, scoreOf } from "../../../src/reference/described.ts";

const kinds = { masks: maskRecords, scores: scoreRecords } as const;
const definitions = { masks: maskDefinitions, scores: scoreDefinitions } as const;
const tables = { masks: ["mask.ts", "table.ts"], scores: ["score.ts", "table.ts"] } as const;

const all = Object.entries(kinds).flatMap(([folder, records]) =>
  [...records.values()].map((record): [string, string, AttentionRecord] => [folder, record.name, record]),
);

const call = {
  b: 2,
  h: 3,
  t: 12,
  s: 20,
  unit: 3,
  random: () => ({ uniform: () => 0.3, normal: () => 0, integer: () => 0 }),
};

test.each(["masks", "scores"] as const)("%s: a file for each record, of its name, and a definition", (folder) => {
  const names = [...kinds[folder].keys()].sort();
  const named = (path: string, end: string) =>
    readdirSync(path).flatMap((file) => (file.endsWith(end) ? [file.slice(0, -end.length)] : []));
  const sources = named(`src/kernels/attention/${folder}`, ".ts").filter(
    (name) => !(tables[folder] as readonly string[]).includes(`${name}.ts`),
  );
  expect(sources.sort()).toEqual(names);
  expect(named(`shaders/attention/${folder}`, ".wgsl").sort()).toEqual(names);
  expect(Object.keys(definitions[folder]).sort()).toEqual(names);
});

test.each(all)("%s %s: parameters have one name in the record and in WGSL", (folder, name, { part, parameters }) => {
  expect(part.name).toBe(`attention/${folder}/${name}`);
  const [, struct = ""] = /struct (?:Mask|Score)Params \{([^}]*)\}/.exec(part.code) ?? [];
  const fields = Array.from(struct.matchAll(/(\w+):/g), ([, field]) => field);
  const bindings = (part.declares.bindings ?? []).map(bindingOf);
  for (const [parameter, { type }] of Object.entries(parameters)) {
    if (type === "count" || type === "factor") expect(fields, parameter).toContain(parameter);
    if (type === "tensor") expect(bindings.map((binding) => binding.name)).toContain(parameter);
  }
  const storage = bindings.filter(({ space }) => space === "storage").map((binding) => binding.name);
  const tensors = Object.entries(parameters).flatMap(([key, { type }]) => (type === "tensor" ? [key] : []));
  expect(storage).toEqual(tensors);
});

test.each(all)("%s %s: it has examples, whose names are its own", (_folder, _name, record) => {
  const names = Object.keys(record.examples(call));
  expect(names.length).toBeGreaterThan(0);
  const others = all
    .filter(([, , other]) => other !== record)
    .flatMap(([, , other]) => Object.keys(other.examples(call)));
  expect(names.filter((name) => others.includes(name))).toEqual([]);
});

test.each(all)("%s %s: record and definition refuse the same values of a parameter", (folder, _name, record) => {
  const numbers = Object.fromEntries(Object.entries(record.parameters).filter(([, { type }]) => type !== "tensor"));
  const refuses = (of: () => unknown) => {
    try {
      of();
    } catch {
      return true;
    }
    return false;
  };
  for (const example of Object.values(record.examples(call))) {
    const described = describedBy<MaskDescription & ScoreDescription>(record, example);
    for (const parameter of Object.keys(numbers)) {
      for (const value of [
        undefined,
        null,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        -1,
        0,
        0.5,
        1,
        2,
        99,
        "merged",
        "x",
      ]) {
        const changed = { ...example, [parameter]: value } as never;
        const byRecord = refuses(() => {
          checkValues("", numbers, Object.fromEntries(Object.keys(numbers).map((key) => [key, changed[key]])));
          if ("check" in record) record.check?.(changed);
        });
        const given = { ...(described as object), [parameter]: value } as never;
        const byDefinition = refuses(() => (folder === "masks" ? maskOf(given) : scoreOf(given)));
        expect([parameter, value, byDefinition]).toEqual([parameter, value, byRecord]);
      }
    }
  }
});

test("a mask or a score that is changed after its first use is made anew", () => {
  const mask = { kind: "chunked", keys: 4 } as { kind: "chunked"; keys: number };
  const first = anyMaskMod(mask);
  expect(maskMod(mask)).toBe(first);
  mask.keys = 8;
  expect(anyMaskMod(mask).uniforms).toEqual({ mask_params: { keys: 8 } });
  const joined = { and: ["causal", mask] } as const;
  const before = anyMaskMod(joined);
  expect(anyMaskMod(joined)).toBe(before);
  mask.keys = 16;
  expect(Object.values(anyMaskMod(joined).uniforms)).toEqual([{ keys: 16 }]);
  const score = { kind: "softcap", cap: 1 } as { kind: "softcap"; cap: number };
  expect(anyScoreMod(score).uniforms).toEqual({ score_params: { cap: 1 } });
  score.cap = 2;
  expect(anyScoreMod(score).uniforms).toEqual({ score_params: { cap: 2 } });
});
