import { describe, expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { ShaderError } from "../../../src/gpu/errors.ts";
import { type AttentionMask, type AttentionScore, attention } from "../../../src/kernels/attention/attention.ts";
import { ShapeError } from "../../../src/tensor/shape.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu({ features: [], cap: { storageBuffers: 8 } }); // what every device has
const [q, k, v] = [1, 2, 3].map((seed) => tensor(gpu, [1, 2, 9, 16], normal(288, seed))) as [never, never, never];
const run = (options: { mask?: AttentionMask; score?: AttentionScore; variant?: "naive" | "flash" | "splitK" }) =>
  attention(gpu, { q, k, v }, { variant: "naive", ...options });

const signature = "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool";
const maskOf = (wgsl: string): AttentionMask => ({ kind: "custom", wgsl });
const body = (statements: string) => `${signature} {\n  ${statements}\n  return k <= q;\n}`;
const words = tensor(gpu, [3], [1, 2, 3], "u32");

/** The error of a call, which records nothing. */
function refusal(call: () => unknown): Error {
  const before = gpu.submits;
  try {
    call();
  } catch (error) {
    expect(gpu.submits).toBe(before);
    return error as Error;
  }
  throw new Error("it was not refused");
}

const buffer = "@group(2) @binding(0) var<storage, read> a: ";

describe("a user's text is refused before anything runs, with the line", () => {
  test.each<[what: string, wgsl: string, says: RegExp, line: number]>([
    ["an entry point", `${body("")}\n@compute @workgroup_size(1) fn other() {}`, /@compute declares an entry point/, 5],
    [
      "a vertex shader",
      `${body("")}\n@vertex fn other() -> @builtin(position) vec4f { return vec4f(); }`,
      /@vertex/,
      5,
    ],
    ["override", `override N: u32 = 3;\n${body("")}`, /override is not used/, 1],
    ["enable", `enable f16;\n${body("")}`, /enable is for kernels/, 1],
    [
      "workgroup memory",
      `var<workgroup> shared_words: array<u32, 4>;\n${body("")}`,
      /var<workgroup> is not allowed/,
      1,
    ],
    ["private memory", `var<private> count: u32;\n${body("")}`, /var<private> is not allowed/, 1],
    ["a texture", `@group(2) @binding(0) var picture: texture_2d<f32>;\n${body("")}`, /expected var<storage, read>/, 1],
    ["another group", `@group(0) @binding(9) var<storage, read> a: array<u32>;\n${body("")}`, /group 0, expected 2/, 1],
    [
      "storage that is written",
      `@group(2) @binding(0) var<storage, read_write> a: array<u32>;\n${body("")}`,
      /access read_write: texts joined with a kernel may only read/,
      1,
    ],
    ["no group", `@binding(0) var<storage, read> a: array<u32>;\n${body("")}`, /without its group, 2, and binding/, 1],
    ["a buffer of a length", `${buffer}array<u32, 9>;\n${body("")}`, /a is array<u32,9>, expected an array without/, 1],
    [
      "a buffer of structs",
      `struct S { x: u32 }\n${buffer}array<S>;\n${body("")}`,
      /a is array<struct S>, expected/,
      2,
    ],
    ["a constant read", `const read = 1;\n${buffer}array<u32>;\n${body("")}`, /read is declared by the text/, 2],
    ["an alias storage", `alias storage = u32;\n${buffer}array<u32>;\n${body("")}`, /storage is declared by the/, 2],
    ["while", body("while (true) {}"), /while has no constant bound/, 2],
    ["loop", body("loop { break; }"), /loop has no constant bound/, 2],
    ["a bound that is given", body("for (var i = 0u; i < q; i++) {}"), /no constant bound/, 2],
    ["a start that is given", body("for (var i = k; i < 9u; i++) {}"), /does not begin at a constant/, 2],
    ["a step that is given", body("for (var i = 0u; i < 9u; i += k) {}"), /constant step/, 2],
    ["no bound", body("for (var i = 0u; ; i++) { break; }"), /no constant bound/, 2],
    ["the bound of another variable", body("var j = 0u;\n  for (var i = 0u; j < 9u; i++) {}"), /no constant bound/, 3],
    ["the step of another variable", body("var j = 0u;\n  for (var i = 0u; i < 9u; j++) {}"), /no constant step/, 3],
    ["a loop that goes the other way", body("for (var i = 0i; i < 9i; i--) {}"), /does not end/, 2],
    ["a loop that wraps around", body("for (var i = 9u; i >= 0u; i--) {}"), /does not end/, 2],
    ["a counter that is changed", body("for (var i = 0u; i < 9u; i++) {\n    i = 0u;\n  }"), /is changed inside/, 3],
    [
      "a counter that is lent",
      body("for (var i = 0u; i < 9u; i++) {\n    let p = &i;\n  }"),
      /pointers are not allowed/,
      3,
    ],
    [
      "too many iterations",
      body("for (var i = 0u; i < 70000u; i++) {}"),
      /the loop has 70000 iterations, 140002 operations for every pair of a query and a key, expected at most 65536/,
      2,
    ],
    [
      "too many iterations together",
      body("for (var i = 0u; i < 300u; i++) { for (var j = 0u; j < 300u; j++) {} }"),
      /the loop has 300 iterations, 181202 operations/,
      2,
    ],
    [
      "too many iterations by calls",
      `fn far() {\n  for (var i = 0u; i < 300u; i++) {}\n}\n${body("for (var i = 0u; i < 300u; i++) { far(); }")}`,
      /the loop has 300 iterations, 181502 operations/,
      5,
    ],
    [
      "recursion",
      `fn again(n: u32) -> u32 { return again(n); }\n${body("")}`,
      /again calls again: WGSL has no recursion/,
      1,
    ],
    ["a circle", `fn one() { two(); }\nfn two() { one(); }\n${body("")}`, /one calls two calls one/, 1],
    ["a barrier", body("workgroupBarrier();"), /a barrier needs all threads/, 2],
    [
      "another signature",
      "fn mask_mod(q: u32, k: u32) -> bool { return true; }",
      /expected mask_mod\(u32, u32, u32, u32\)/,
      1,
    ],
    ["another result", "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> u32 { return 1; }", /-> u32, expected/, 1],
    [
      "a range of another type",
      `${body("")}\nfn key_range() -> vec2u { return vec2u(); }`,
      /key_range\(\) -> vec2u, expected/,
      5,
    ],
    ["a bracket too many", `${body("")}\n}`, /} closes nothing/, 5],
    ["a bracket too few", `${signature} {\n  if (true) {\n  return true;\n}`, /{ is not closed/, 1],
    ["an open comment", `${body("")}\n/* and so on`, /comment is not closed/, 5],
    ["a line end of WGSL's own", `// harmless\u2028while (true) {}\n${body("")}`, /ends a line in WGSL alone/, 1],
    ["parts of the engine", `// with: lib/reduce\n${body("")}`, /parts are the engine's/, 1],
  ])("%s", (_, wgsl, says, line) => {
    const error = refusal(() => run({ mask: maskOf(wgsl) }));
    expect(error).toBeInstanceOf(ShaderError);
    expect(error.message).toMatch(says);
    expect(error.message).toMatch(/\n\s+\| *\^/);
    expect(error).toMatchObject({ file: "custom/mask", line });
  });

  test("a text that is too large, or lacks its function", () => {
    expect(refusal(() => run({ mask: maskOf(`//${"x".repeat(16 * 1024)}\n${body("")}`) }))).toMatchObject({
      name: "ShaderError",
      message: expect.stringMatching(/custom\/mask: 16\d+ bytes of WGSL, expected at most 16384/),
    });
    expect(refusal(() => run({ mask: maskOf("fn other() {}") })).message).toMatch(/there is no function mask_mod\(u32/);
    const score: AttentionScore = { kind: "custom", wgsl: body("") };
    expect(refusal(() => run({ score })).message).toMatch(/custom\/score: there is no function score_mod\(f32, u32/);
  });

  test("names of texts that are joined do not meet", async () => {
    const own = (limit: number) =>
      maskOf(`const LIMIT = ${limit}u;\nstruct Params { a: u32 }\n${signature} { return k <= q - min(q, LIMIT); }`);
    const { out } = run({ mask: { or: [own(1), own(2)] }, variant: "flash" });
    const { out: same } = run({ mask: { and: [own(1), "causal"] }, variant: "flash" });
    expect(await out.read()).toEqual(await same.read());
  });
});

test.each([
  [
    "vec2f",
    "fn x_element(b: u32, h: u32, q: u32, k: u32) -> u32 { return k; }",
    /x_element is of x, which is array<vec2f>/,
  ],
  ["f32", "fn x_slope(b: u32) -> f32 { return 1.0; }", /x_slope\(u32\) -> f32, expected x_slope\(f32, u32, u32, u32/],
  ["f32", "fn x_slope(s: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return s; }", /x_slope without x_element/],
])("functions of elements of %s are checked: %s", (element, wgsl, says) => {
  const score: AttentionScore = {
    kind: "custom",
    wgsl: `@group(2) @binding(0) var<storage, read> x: array<${element}>;
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score; }
${wgsl}`,
  };
  const error = refusal(() => run({ score }));
  expect(error).toMatchObject({ name: "ShaderError", line: 3 });
  expect(error.message).toMatch(says);
});

test.each(["naive", "flash", "splitK"] as const)(
  "what does not compile is refused by %s, with its line",
  async (variant) => {
    const mask = maskOf(
      `// The sum of a number and a truth.\n${signature} {\n  let sum = q + true;\n  return sum == k;\n}`,
    );
    const error = await run({ mask, variant })
      .out.read()
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toBeInstanceOf(ShaderError);
    expect(error).toMatchObject({ file: "custom/mask", line: 3 });
    expect(String(error)).toMatch(/3 \| {3}let sum = q \+ true;\n +\| +\^/);
  },
);

test("what does not compile inside of several is shown by its own line", async () => {
  const mask: AttentionMask = { and: ["causal", maskOf(`${signature} {\n  return q + true;\n}`)] };
  const error = await run({ mask })
    .out.read()
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toMatchObject({ name: "ShaderError", file: "joined/mask-1/custom/mask", line: 2 });
});

test("tensors and parameters that are missing, too many, or of another type", () => {
  const wgsl = `struct P { n: u32 }
@group(2) @binding(0) var<uniform> p: P;
@group(2) @binding(1) var<storage, read> list: array<u32>;
${signature} { return list[k % p.n] != 0; }`;
  const mask = { kind: "custom", wgsl, params: { n: 3 }, tensors: { list: words } } as const;
  const floats = tensor(gpu, [3], [1, 2, 3]);
  expect(refusal(() => run({ mask: { kind: "custom", wgsl, params: { n: 3 } } })).message).toMatch(
    /declares list, and no tensor/,
  );
  expect(refusal(() => run({ mask: { kind: "custom", wgsl, tensors: { list: words } } })).message).toMatch(
    /declares p, and params/,
  );
  expect(refusal(() => run({ mask: { ...mask, params: { m: 3 } } })).message).toMatch(/p\.n is not among the values/);
  expect(refusal(() => run({ mask: { ...mask, tensors: { list: words, other: words } } })).message).toMatch(
    /no storage buffer other for the tensor given; it has list/,
  );
  expect(refusal(() => run({ mask: { ...mask, tensors: { list: floats } } })).message).toMatch(
    /list is f32 \[3\], expected u32/,
  );
  const patterned = { ...mask, tensors: { list: { tensor: words, pattern: "[s]" } } };
  expect(refusal(() => run({ mask: patterned })).message).toMatch(
    /list is \[3\], expected \[s\] with s = 9 \(from k\)/,
  );
});

test("masks and scores that make no sense", () => {
  const map = tensor(gpu, [1, 1, 1, 1], [1], "u32");
  const short = tensor(gpu, [1, 8], new Array(8).fill(0), "u32");
  for (const [mask, says] of [
    [{ kind: "sliding-window", keys: 0 }, /mask sliding-window: keys is 0, expected an integer of 1 or more/],
    [{ kind: "sliding-window", keys: 1.5 }, /keys is 1.5, expected an integer/],
    [{ kind: "local", left: -1, right: 0 }, /mask local: left is -1, expected an integer of 0 or more/],
    [{ kind: "strided", stride: 0 }, /stride is 0/],
    [{ kind: "strided", stride: 4, set: 3 }, /mask strided: set is 3, expected merged or 1 or 2/],
    ["sliding-window", /mask sliding-window: keys is undefined/],
    [{ kind: "boolean", keep: short }, /mask boolean: keep is \[1, 8\], expected \[b or 1, h or 1, t, s\]/],
    [{ kind: "fixed", stride: 4, summary: 5 }, /1 summaries of 5 keys, expected them to fit into a block of 4/],
    [
      { kind: "fixed", stride: 4, summary: 1, set: 1, definition: "code" },
      /set 1 of the fixed pattern, expected merged/,
    ],
    [{ kind: "dilated-window", keys: 4, dilation: 0 }, /dilation is 0/],
    [{ kind: "block-sparse", map, size: 0 }, /size is 0/],
    [{ kind: "block-diffusion", tokens: 8, size: 2, form: "neither" }, /form is .*, expected training or generation/],
    [
      { kind: "neighbourhood-2d", rows: 9, columns: 9, height: 5, width: 3, stride: 4 },
      /a stride of 4, expected at most the 3 keys of a window/,
    ],
    [
      { kind: "neighbourhood-2d", rows: 2 ** 20, columns: 2 ** 11, height: 3, width: 3 },
      /a grid of 2147483648 positions, expected at most 1073741824/,
    ],
    [
      { kind: "sliding-tile", size: 2 ** 30, rows: 2, columns: 1, height: 1, width: 1 },
      /a grid of 2147483648 positions/,
    ],
    [{ kind: "sliding-tile", size: 2, rows: 2, columns: 2, height: 1, width: 1, text: 0 }, /text is 0/],
    [
      { kind: "neighbourhood", tokens: 9, keys: 3, stride: 4 },
      /a stride of 4, expected at most the 3 keys of a window/,
    ],
    [{ kind: "document", documents: short }, /documents is \[1, 8\], expected \[b, s\] with s = 9 \(from k\)/],
    [{ and: [] }, /{ and } of 0, expected 1 to 8/],
    [{ or: new Array(9).fill("causal") }, /{ or } of 9, expected 1 to 8/],
    [{ kind: "unheard-of" }, /there is no mask unheard-of; there are full, causal, sliding-window/],
  ] as [AttentionMask, RegExp][]) {
    const error = refusal(() => run({ mask }));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(says);
  }
  const slopes = tensor(gpu, [3], [1, 2, 3]);
  for (const [score, says] of [
    [{ kind: "softcap", cap: 0 }, /score softcap: cap is 0, expected more than 0/],
    [{ kind: "alibi", slopes }, /slopes is \[3\], expected \[h\] with h = 2 \(from q\)/],
    [[], /a chain of scores of 0/],
    [{ kind: "unheard-of" }, /there is no score unheard-of/],
  ] as [AttentionScore, RegExp][]) {
    expect(refusal(() => run({ score })).message).toMatch(says);
  }
  const documents = tensor(gpu, [1, 9], new Array(9).fill(0), "u32");
  const many: AttentionMask = { and: new Array(6).fill(0).map(() => ({ kind: "document", documents })) };
  expect(refusal(() => run({ mask: many, variant: "flash" })).message).toMatch(
    /10 storage buffers with mask0_documents, .* this device takes 8/,
  );
});
