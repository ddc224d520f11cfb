// Schemas by size and depth, and prompts of megabytes: what is too much is refused by name, before work that grows with
// it.
import { createRequire } from "node:module";
import { BPE } from "@huggingface/tokenizers";
import { expect, test, vi } from "vitest";
import { checkSchema } from "../../src/engine/grammar/check-schema.ts";
import { type NodeFollower, openNodeFollower } from "../../src/engine/grammar/node-follower.ts";
import { RequestError } from "../../src/engine/request-error.ts";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { byteFallbackTokenizer, voicesTokenizer } from "../text/example-tokenizers.ts";
import { gemmaTokenizer } from "../text/gemma-tokenizers.ts";
import { pick, type Random, times } from "./hostile/choices.ts";

const counted = (counts: ReadonlyMap<string, number>) =>
  [...counts].map(([kind, count]) => `${kind} ${count}`).join(", ");
const add = (counts: Map<string, number>, kind: string) => counts.set(kind, (counts.get(kind) ?? 0) + 1);

/** Values that fit nowhere, or only somewhere. */
const strange = [null, true, false, "", "x", -1, 1e300, 0.5, [], {}, [[]], ["a", 1], "(", "#/x"];

function plain(random: Random): object {
  const bound = Math.floor(random() * 1000);
  return pick<() => object>(random, [
    () => ({ type: "string" }),
    () => ({ type: "string", maxLength: 1 + Math.floor(random() * 40) }),
    () => ({ type: "string", pattern: pick(random, ["^[a-z]{2,5}$", "\\d+", "a|b"]) }),
    () => ({ type: "string", format: pick(random, ["date", "uuid", "ipv4", "email"]) }),
    () => ({ type: "integer", minimum: -bound, maximum: bound }),
    () => ({ type: ["number", "null"] }),
    () => ({ enum: times(1 + bound, (i) => `v${i}`) }),
    () => ({ const: bound }),
    () => ({}),
    () => ({ $ref: "#/$defs/again" }),
  ])();
}

/** A schema of a size and a depth, whose properties may be left out. */
function schema(random: Random, width: number, depth: number): object {
  if (depth <= 1) return plain(random);
  const inner = () => schema(random, Math.max(1, width >> 2), depth - 1);
  return pick<() => object>(random, [
    () => ({ type: "array", items: inner() }),
    () => ({ anyOf: [plain(random), inner()] }),
    () => ({
      type: "object",
      properties: {
        ...Object.fromEntries(times(width, (i) => [`p${i}`, plain(random)])),
        next: inner(),
      },
      required: random() < 0.5 ? ["next"] : [],
      additionalProperties: random() < 0.5,
    }),
  ])();
}

/** A schema with something in it replaced. */
function spoilt(random: Random, value: unknown): unknown {
  if (random() < 0.3 || typeof value !== "object" || value === null) return pick(random, strange);
  const key = pick(random, Object.keys(value));
  if (key === undefined) return pick(random, strange);
  const copy = Array.isArray(value) ? [...value] : { ...value };
  Reflect.set(copy, key, spoilt(random, Reflect.get(copy, key)));
  return copy;
}

test("schemas of any size and depth are refused by name, or compile", async () => {
  const random = randomFor("schemas").uniform;
  const file = createRequire(import.meta.url).resolve("@mlc-ai/web-xgrammar");
  const vocabulary = {
    tokens: times(95, (i) => String.fromCharCode(32 + i)).map((one) => one.replace(" ", "Ġ")),
    stops: [0],
  };
  const counts = new Map<string, number>();
  const problems: string[] = [];
  let follower: NodeFollower | undefined;
  const all = attempts(600, 12);
  for (let i = 0; i < all; i++) {
    const width = Math.floor(2 ** (random() * 12));
    const depth = 1 + Math.floor(random() * random() * 48);
    const whole = { ...schema(random, width, depth), $defs: { again: plain(random) } };
    const given = random() < 0.5 ? whole : spoilt(random, whole);
    const text = JSON.stringify(given);
    let kind = "compiled";
    try {
      checkSchema(text);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const clear = error instanceof RequestError && message.startsWith("response_format.json_schema.schema");
      if (!clear || message.length > 500) problems.push(`${message} for ${text.slice(0, 300)}`);
      kind = / of at most \d+$/.test(message) ? "too large or deep" : "refused by field";
    }
    if (kind === "compiled") {
      follower ??= openNodeFollower(file, vocabulary);
      try {
        await follower.open(text, false);
        await follower.mask();
        follower.close();
      } catch (error) {
        // What it alone finds, it says in words.
        const message = error instanceof Error ? error.message : String(error);
        if (/Aborted|out of bounds|call stack|unreachable/.test(message))
          problems.push(`${message} for ${text.slice(0, 300)}`);
        kind = "refused by the library";
        follower.end();
        follower = undefined;
      }
    }
    add(counts, kind);
  }
  follower?.end();
  console.log(`schemas: ${all}, ${counted(counts)}`);
  expect(problems).toEqual([]);
  for (const kind of ["compiled", "refused by field", "too large or deep"]) expect(counts.get(kind)).toBeGreaterThan(0);
}, 600_000);

test("prompts of 4 MB take no more work than the context has room for", async () => {
  const random = randomFor("long prompts").uniform;
  const parts = ["the whale ", "a", " ", "\n", "鯨", "🐋", "<|whale|>", "1851", "!?", "é\u0301", "\u00a0", "Größe "];
  const context = 512;
  const counts = new Map<string, number>();
  const work: number[] = [];
  const encode = vi.spyOn(BPE.prototype, "encode");
  try {
    const files = [voicesTokenizer(), byteFallbackTokenizer(), gemmaTokenizer(3)];
    const tokenizers = [...files, { ...voicesTokenizer(), normalizer: { type: "NFC" } }].map((file) =>
      createTokenizer(file, {}),
    );
    const all = attempts(200, 4);
    for (let i = 0; i < all; i++) {
      const tokenizer = tokenizers[i % tokenizers.length];
      const part = times(1 + Math.floor(random() * 6), () => pick(random, parts)).join("");
      const text = part.repeat((4 << 20) / part.length);
      encode.mockClear();
      const ids = await tokenizer?.encodeAtMost(text, context);
      add(counts, ids ? "taken" : "too long");
      work.push(encode.mock.calls.flat(2).reduce((sum, piece) => sum + piece.length, 0));
    }
    const most = Math.max(...work);
    console.log(`prompts of 4 MB: ${all}, ${counted(counts)}; at most ${most} characters were cut into tokens`);
    expect(counts.get("taken")).toBeUndefined();
    expect(most).toBeLessThan(100_000);
  } finally {
    encode.mockRestore();
  }
}, 600_000);
