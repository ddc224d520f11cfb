// Checkpoints of a training in which something is changed: a field of the record, a byte, the length. Each is refused
// with the file, or is what was written.
import { expect, test } from "vitest";
import { openFiles } from "../../src/formats/files.ts";
import { FormatError } from "../../src/formats/format-error.ts";
import { type CheckpointTensor, checkpointWriting, readCheckpoint } from "../../src/train/checkpoints/checkpoint.ts";
import { trainingRecord } from "../../src/train/checkpoints/training-checkpoint.ts";
import { attempts, randomFor } from "../support/fuzz.ts";

const { integer, uniform } = randomFor("checkpoints");
const pick = <T>(values: readonly T[]): T => values[integer(values.length)] as T;

const file = "checkpoint.safetensors";
const record = {
  version: 2,
  step: 6,
  position: 48,
  model: { eps: 1e-5, positions: { kind: "rope", theta: 1e4 }, layers: 2 },
  digests: { data: "ab", tokenizer: "cd" },
  adapter: "llvmpipe",
  evaluations: [[3, 2.5]],
  settings: { lr: 1e-3, steps: 6, batch: 8, order: "random", data: ["a.txt"] },
};
const numbers = (count: number) => Float32Array.from({ length: count }, () => uniform());
const tensors: readonly CheckpointTensor[] = [
  ["weight.a", [4, 3]],
  ["weight.b", [4, 3]],
  ["history", [6, 3]],
].map(([name, shape]) => {
  const values = numbers((shape as number[]).reduce((product, axis) => product * axis, 1));
  return { name: name as string, shape: shape as number[], dtype: "f32", read: () => values };
});
const hostile = [null, true, -1, 0, 1.5, 1e9, 1e300, "", "x", [], {}, [[]], 2 ** 53, 100];

/** A value with one inside it replaced, left out or added. */
function mutated(value: object): object {
  const made = structuredClone(value) as Record<string, unknown>;
  for (let at = made; ; ) {
    const name = pick(Object.keys(at));
    const inner = at[name];
    if (typeof inner === "object" && inner !== null && Object.keys(inner).length > 0 && uniform() < 0.5) {
      at = inner as Record<string, unknown>;
      continue;
    }
    const how = uniform();
    if (how < 0.15 && !Array.isArray(at)) delete at[name];
    else if (how < 0.25) at[`${name}s`] = pick(hostile);
    else at[name] = pick(hostile);
    return made;
  }
}

/** All that a checkpoint has, read and checked. */
async function contentOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const checkpoint = await readCheckpoint(openFiles({ [file]: new Blob([bytes]) }), file);
  const read = trainingRecord(file, checkpoint);
  checkpoint.check(tensors);
  const values = [];
  for (const tensor of tensors) values.push([...(await checkpoint.read(tensor))]);
  return JSON.stringify([read, values]);
}

test("a checkpoint that is changed is refused, with the file, or is what was written", async () => {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of checkpointWriting(tensors, record).pieces()) parts.push(piece);
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  const original = await contentOf(whole);
  const [header = new Uint8Array(), ...data] = parts;
  const text = new TextDecoder().decode(header.subarray(8));
  const counts: Record<string, number> = { refused: 0, "is what was written": 0 };
  const ways: Readonly<Record<string, () => Promise<Uint8Array<ArrayBuffer>>>> = {
    "a field": async () => {
      const other = text.replace(
        JSON.stringify(JSON.stringify(record)),
        JSON.stringify(JSON.stringify(mutated(record))),
      );
      const bytes = new TextEncoder().encode(other);
      const made = new Blob([new BigUint64Array([BigInt(bytes.length)]), bytes, ...data]);
      return new Uint8Array(await made.arrayBuffer());
    },
    "a byte": async () => {
      const bytes = whole.slice();
      const at = integer(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << integer(8));
      return bytes;
    },
    "the length": async () => whole.slice(0, integer(whole.length)),
  };
  for (let i = 0; i < attempts(6000, 600); i++) {
    const way = pick(Object.keys(ways));
    const bytes = (await ways[way]?.()) as Uint8Array<ArrayBuffer>;
    const outcome = await contentOf(bytes).catch((error: unknown) => error);
    if (outcome === original) counts["is what was written"] = (counts["is what was written"] ?? 0) + 1;
    else {
      expect(outcome, `${way}: ${String(outcome)}`).toBeInstanceOf(FormatError);
      expect(String((outcome as Error).message)).toMatch(/^checkpoint\.safetensors: /);
      if (way === "a field") expect(String((outcome as Error).message)).toMatch(/: (record|digests|history)/);
      counts["refused"] = (counts["refused"] ?? 0) + 1;
      counts[way] = (counts[way] ?? 0) + 1;
    }
  }
  console.log(`checkpoints: ${JSON.stringify(counts)}`);
  expect(counts["refused"]).toBeGreaterThan(0);
});
