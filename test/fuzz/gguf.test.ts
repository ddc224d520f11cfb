// GGUF files in which some bytes are others: each is refused with the file and what is wrong there, or read.
import { expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { inGguf } from "../../src/formats/gguf-name.ts";
import { readModelFolder } from "../../src/generate/load/model-folder.ts";
import { TextError } from "../../src/text/text-error.ts";
import { memorySource } from "../formats/checkpoint-bytes.ts";
import { byteTokenizer, pieceTokenizer, tinyGguf } from "../formats/gguf-tiny.ts";
import { attempts, randomFor } from "../support/fuzz.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Random = ReturnType<typeof randomFor>;

/** Lengths, counts and offsets that readers trip over. */
const extremes = [
  0n,
  1n,
  0xffn,
  0x7fff_ffffn,
  0xffff_ffffn,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Ways in which a file becomes another. */
const mutations: Readonly<Record<string, (file: Bytes, random: Random) => Bytes>> = {
  "some bytes": (file, random) => {
    const out = file.slice();
    for (let i = 0; i <= random.integer(4); i++) out[random.integer(out.length)] = random.integer(256);
    return out;
  },
  "a bit": (file, random) => {
    const out = file.slice();
    const at = random.integer(out.length);
    out[at] = (out[at] ?? 0) ^ (1 << random.integer(8));
    return out;
  },
  "eight bytes": (file, random) => {
    const out = file.slice();
    const at = random.integer(out.length - 8);
    new DataView(out.buffer).setBigUint64(at, extremes[random.integer(extremes.length)] ?? 0n, true);
    return out;
  },
  "four bytes": (file, random) => {
    const out = file.slice();
    const value = Number(BigInt.asUintN(32, extremes[random.integer(extremes.length)] ?? 0n));
    new DataView(out.buffer).setUint32(random.integer(out.length - 4), value, true);
    return out;
  },
  "the end": (file, random) => file.slice(0, random.integer(file.length)),
  "a piece that is missing": (file, random) => {
    const at = random.integer(file.length);
    const rest = file.subarray(at + 1 + random.integer(64));
    const out = new Uint8Array(at + rest.length);
    out.set(file.subarray(0, at));
    out.set(rest, at);
    return out;
  },
  "a piece that is there twice": (file, random) => {
    const at = random.integer(file.length);
    const out = new Uint8Array(file.length + 32);
    out.set(file.subarray(0, at));
    out.set(file.subarray(Math.max(0, at - 32)), at);
    return out.slice(0, file.length);
  },
};

const unclear = /undefined|\[object|is not a function|Cannot read|not iterable|Invalid array length|allocation/;

/** What is wrong with how a file is refused; "read" where it is not. */
async function problemOf(bytes: Bytes): Promise<string | undefined> {
  let read = 0;
  const counted = memorySource({ "m.gguf": bytes }, (count) => {
    read += count;
  });
  const source = inGguf(counted, "m.gguf");
  const error = await readModelFolder(source).then(
    () => undefined,
    (thrown: unknown) => thrown ?? "nothing",
  );
  if (read > bytes.length) return `${read} bytes are read of ${bytes.length}`;
  if (error === undefined) return "read";
  if (!(error instanceof FormatError || error instanceof TextError))
    return `an error of another kind: ${String(error)}`;
  const { message } = error;
  return !message.startsWith("m.gguf: ") || unclear.test(message) || message.length > 1200
    ? `an unclear error: ${message}`
    : undefined;
}

test("files with other bytes are refused clearly, or read", async () => {
  const random = randomFor("gguf");
  const files = [tinyGguf(), tinyGguf(byteTokenizer("llama-bpe")), tinyGguf(pieceTokenizer())];
  for (const file of files) expect(await problemOf(file)).toBe("read");
  const problems: string[] = [];
  const names = Object.keys(mutations);
  let read = 0;
  const total = attempts(6000, 500);
  for (let i = 0; i < total; i++) {
    const name = names[i % names.length] ?? "";
    const file = files[random.integer(files.length)] ?? new Uint8Array();
    // Half of them in what comes before the tokens, which are most of the file.
    const head = i % 2 === 0 ? file.slice(0, 700) : file;
    const changed = mutations[name]?.(head, random) ?? head;
    const whole = new Uint8Array(changed.length + file.length - head.length);
    whole.set(changed);
    whole.set(file.subarray(head.length), changed.length);
    const problem = await problemOf(whole);
    if (problem === "read") read++;
    else if (problem) problems.push(`${i}, ${name}: ${problem}`);
  }
  expect(problems).toEqual([]);
  expect(read).toBeGreaterThan(total / 20); // bytes of tensors, and texts that are as good
  expect(read).toBeLessThan((19 * total) / 20);
});
