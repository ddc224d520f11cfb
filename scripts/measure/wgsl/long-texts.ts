// Texts of users' masks by size: chains, nests, constants and the like, none deeper than compilers take.

const times = (count: number, make: (i: number) => string, between = " ") =>
  Array.from({ length: Math.max(1, Math.floor(count)) }, (_, i) => make(i)).join(between);

/** A mask with these declarations and statements; `u` is a u32 that they may change. */
const mask = (statements: string, declarations = "") =>
  `${declarations}\nfn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {\nvar u = k;\n${statements}\nreturn u > q;\n}`;

const chain = (sign: string, length: number, term = "k") => times(length, () => term, ` ${sign} `);
const nested = (open: string, inside: string, close: string, depth: number) =>
  open.repeat(depth) + inside + close.repeat(depth);

/** Each kind with about `size` nodes in what it is about, `deep` or less of them one within the other. */
export const longTexts: Readonly<Record<string, (size: number, deep: number) => string>> = {
  chains: (size, deep) => mask(times(size / 2 / deep, (i) => `let x${i} = ${chain("+", deep)};`)),
  products: (size, deep) =>
    mask(
      "u += A0;",
      times(size / 2 / deep, (i) => `const A${i} = ${chain("*", deep, i === 0 ? "1u" : `A${i - 1}`)};`),
    ),
  conditions: (size, deep) => mask(times(size / 3 / deep, (i) => `let x${i} = ${chain("&&", deep, "k < q")};`)),
  "nests of operators": (size, deep) =>
    mask(times((size * 5) / deep, () => `u = ${nested("k+(", "k", ")", Math.floor(deep / 10))};`)),
  "nests of calls": (size, deep) =>
    mask(times((size * 3) / deep, () => `u = ${nested("min(k, ", "k", ")", Math.floor(deep / 10))};`)),
  "nests of values": (size) => mask(times(size / 30, (i) => `let x${i} = ${nested("array(", "k", ")", 14)};`)),
  "nests of signs": (size, deep) =>
    mask(times((size * 9) / deep, () => `u = ${nested("~ ", "k", "", Math.floor(deep / 10))};`)),
  constants: (size) =>
    mask(
      "",
      times(size / 3, (i) => `const A${i} = ${i === 0 ? "1u" : `A${i - 1} * A${i - 1}`};`, "\n"),
    ),
  "constants backwards": (size) =>
    mask(
      "",
      `${times(size / 3, (i) => `const A${i} = A${i + 1} * A${i + 1};`, "\n")}\nconst A${Math.max(1, Math.floor(size / 3))} = 1u;`,
    ),
  variables: (size) => mask(times(size / 3, (i) => `let x${i} = ${i === 0 ? "k" : `x${i - 1} + x${i - 1}`};`, "\n")),
  aliases: (size) =>
    mask(
      "var a: T0;",
      times(size / 2, (i) => `alias T${i} = ${i % 200 === 199 ? "u32" : `T${i + 1}`};`) +
        ` alias T${Math.floor(size / 2)} = u32;`,
    ),
  structs: (size) =>
    mask(
      "",
      times(size / 5, (i) =>
        i % 14 === 0 ? `struct S${i} { a: u32, b: u32 }` : `struct S${i} { a: S${i - 1}, b: S${i - 1} }`,
      ),
    ),
  "arrays used often": (size, deep) =>
    mask(
      times(size / 5, () => "u += a[0];"),
      `const a = array<u32, ${chain("+", Math.min(deep, 9), "1")}>();`,
    ),
  "a struct of many": (size) =>
    mask("", `alias N = u32; struct S { ${times(size / 3, (i) => `a${i}: vec2<N>`, ", ")} }`),
  functions: (size, deep) => {
    const count = Math.max(1, Math.floor(Math.min(200, size / 3)));
    const body = (i: number) =>
      `${i + 1 < count ? `f${i + 1}(x)` : "x"} + ${chain("+", Math.min(deep, size / 500), "x")}`;
    return mask(
      "u = f0(u);",
      times(count, (i) => `fn f${i}(x: u32) -> u32 { return ${body(i)}; }`),
    );
  },
  blocks: (size) => mask(times(size / 300, () => nested("{ let k = u; ", "u += k; u += h;", " }", 100), "\n")),
  loops: (size) =>
    mask(
      times(
        size / 450,
        () => `${times(50, (i) => `for (var i${i} = 0u; i${i} < 1u; i${i}++) {`)}u += 1u;${"}".repeat(50)}`,
        "\n",
      ),
    ),
  branches: (size) => mask(times(size / 300, () => `if (k > 1u) {} ${times(100, (i) => `else if (u == ${i}u) {}`)}`)),
  selectors: (size) => mask(`switch (u) { case ${times(size, (i) => `${i}u`, ", ")}: {} default {} }`),
  "what might be lists": (size) => mask(times(size / 300, () => `u = min(${times(100, () => "u < (k)", ", ")});`)),
  statements: (size) => mask(times(size / 3, () => "u += k;", "\n")),
};
