// Operators and functions of numbers.
import { asBits, type SmallText, text } from "./frame.ts";

/** Each of these expressions of `a` and `b`, which are all pairs of edges, as bits. */
const ofPairs = (type: "u32" | "i32", expressions: readonly string[]): SmallText =>
  text(
    `let a = bitcast<${type}>(edges[lane]);
     for (var i = 0; i < 32; i++) {
       let b = bitcast<${type}>(edges[i]);
       ${expressions.map((one) => `put(bitcast<u32>(${one}));`).join("\n")}
     }`,
    { puts: 32 * expressions.length, workgroups: [1, 1, 1] },
  );

const arithmetic = ["a + b", "a - b", "a * b", "a / b", "a % b", "a & b", "a | b", "a ^ b", "min(a, b)", "max(a, b)"];
const comparisons = ["a == b", "a != b", "a < b", "a <= b", "a > b", "a >= b"].map(asBits);
const shifts = ["a << (bitcast<u32>(b) % 32)", "a >> (bitcast<u32>(b) % 32)", "a << 31", "a >> 1"];
const bitFunctions = `abs countOneBits countLeadingZeros countTrailingZeros firstLeadingBit firstTrailingBit reverseBits`;

const integers: Readonly<Record<string, SmallText>> = {
  "i32: operators": ofPairs("i32", [...arithmetic, ...shifts, "-a", "~a"]),
  "u32: operators": ofPairs("u32", [...arithmetic, ...shifts, "~a"]),
  "integers: comparisons": ofPairs("i32", comparisons),
  "u32: comparisons": ofPairs("u32", comparisons),
  "i32: functions": ofPairs("i32", [
    ...bitFunctions.split(" ").map((name) => `${name}(a)`),
    "sign(a)",
    "clamp(a, min(b, 5), max(b, 5))",
    "select(a, b, a < b)",
    "bitcast<i32>(u32(a)) + i32(bitcast<u32>(b))",
    "i32(bool(a)) + i32(a > b)",
  ]),
  "u32: functions": ofPairs("u32", [
    ...bitFunctions.split(" ").map((name) => `${name}(a)`),
    "clamp(a, min(b, 5), max(b, 5))",
    "dot4U8Packed(a, b)",
    "dot4I8Packed(a, b)",
    "select(a, b, a < b)",
  ]),
  "bit fields": text(
    `let a = edges[lane];
     for (var offset = 0u; offset < 40; offset += 3) {
       for (var count = 0u; count < 40; count += 3) {
         put(extractBits(a, offset, count));
         put(bitcast<u32>(extractBits(bitcast<i32>(a), offset, count)));
         put(insertBits(a, 0xa5c3f00fu, offset, count));
       }
     }`,
    { puts: 14 * 14 * 3, workgroups: [1, 1, 1] },
  ),
  "operators of vectors": text(
    `let a = vec4u(edges[lane], edges[(lane + 1) % 32], edges[(lane + 9) % 32], 7);
     let b = bitcast<vec4i>(a.wzyx);
     var c = a * 3 + a.zwxy / vec4u(1, 2, 3, lane % 4) - (a << vec4u(1, 2, 3, 31));
     c.y += 5u; c[2] ^= 0xffu; c.w++; c *= 2u; c = c & ~a;
     let d = vec4i(c) % vec4i(7, -3, 5, -1) + max(b, vec4i(-5)) * -b;
     let e = select(c, vec4u(abs(d)), d > b);
     put(e.x); put(e.y); put(e.z); put(e.w); put(dot(a, c)); put(bitcast<u32>(dot(b, d)));
     put(select(0u, 1u, all(d > b)) + select(0u, 2u, any(d == b))); put(c.x); put(c.yz.y); put(c.rgba.b);`,
    { puts: 10 },
  ),
};

const exactFloats: Readonly<Record<string, SmallText>> = {
  "floats: comparisons, least and greatest": text(
    `let a = numbers[lane];
     for (var i = 0; i < 32; i++) {
       let b = numbers[i];
       ${comparisons.map((one) => `put(${one});`).join(" ")}
       put(bits(min(a, b))); put(bits(max(a, b))); put(bits(clamp(a, min(b, 1), max(b, 1))));
       put(bits(step(a, b))); put(bits(select(a, b, a < b)));
     }`,
    { puts: 32 * 11, workgroups: [1, 1, 1] },
  ),
  "floats: to whole numbers": text(
    `let a = numbers[lane];
     ${["floor", "ceil", "round", "trunc", "abs", "sign", "saturate"].map((name) => `put(bits(${name}(a)));`).join(" ")}
     put(bitcast<u32>(-a)); put(bitcast<u32>(i32(a))); put(u32(a)); put(u32(bool(a)));
     let halves = frexp(a); put(bitcast<u32>(halves.fract)); put(bitcast<u32>(halves.exp));
     let parts = modf(a); put(bits(parts.whole)); put(bits(parts.fract));
     put(bitcast<u32>(f32(lane == 3)));`,
    { puts: 16, workgroups: [1, 1, 1] },
  ),
  "packed words": text(
    `let a = edges[lane];
     let codes = vec4i(bitcast<i32>(a), -200, 130, i32(lane) - 16);
     put(pack4xI8(codes)); put(pack4xI8Clamp(codes)); put(pack4xU8(vec4u(codes))); put(pack4xU8Clamp(vec4u(codes)));
     let signed = unpack4xI8(a); let unsigned = unpack4xU8(a);
     put(bitcast<u32>(signed.x)); put(bitcast<u32>(signed.y + 3 * signed.z - signed.w));
     put(unsigned.w); put(unsigned.x + 256 * unsigned.y + 65536 * unsigned.z);
     let halves = unpack2x16float((a & 0x83ff83ffu) | 0x3c004400u);
     put(bitcast<u32>(halves.x)); put(bitcast<u32>(halves.y));`,
    { puts: 10 },
  ),
};

const matrices: Readonly<Record<string, SmallText>> = {
  "matrices of whole numbers": text(
    `let x = f32(lane); let a = mat3x2f(1, 2, x, 4, 5, 6); let b = mat2x3f(vec3f(x, 1, 2), vec3f(3, x, 5));
     let c = a * b; for (var i = 0; i < 2; i++) { put(c[i].x); put(c[i].y); }
     let d = b * a; for (var i = 0; i < 3; i++) { put(d[i].x + 10 * d[i].y + 100 * d[i].z); }
     let v = a * vec3f(1, x, 2); put(v.x); put(v.y); let w = vec2f(x, 3) * a; put(w.x); put(w.y + w.z);
     let t = transpose(a); put(t[1][lane % 3]); var sum = a + a * 2 - 3 * transpose(b); sum[1] += vec2f(1, x);
     sum *= 2; put(sum[lane % 3].x); put(determinant(mat3x3f(x, 2, 1, 0, 3, x, 1, 1, 1)));
     put(determinant(mat4x4f(1, 2, x, 4, 0, 1, 2, x, 3, 0, 1, 1, x, 1, 0, 2))); put(determinant(mat2x2f(x, 2, 3, 4)));
     var e = mat4x4f(); e[lane % 4][lane % 3] = 5; e *= mat4x4f(e[0], e[1], vec4f(x), e[3]); put(e[2].x + e[2].w);`,
    { puts: 17, out: "f32", isExact: true },
  ),
};

/** Codes of f16, two in a word: whole and broken numbers of both signs, no subnormals. */
const halves = Uint32Array.from({ length: 32 }, (_, i) => {
  const code = (exponent: number, fraction: number) => (exponent << 10) | fraction;
  return (code(1 + ((i * 5) % 30), (i * 293) % 1024) | ((i % 2) << 15)) + 65536 * code(15 + (i % 6), (i * 511) % 1024);
});

const halfTexts: Readonly<Record<string, SmallText>> = {
  "f16: what does not round": text(
    `let a = halves[lane]; let b = halves[63 - lane]; let v = vec4h(a, b, -a, halves[lane + 32]);
     put(bits(f32(a))); put(bits(f32(min(a, b)))); put(bits(f32(max(a, b)))); put(bits(f32(clamp(a, -2.0h, b))));
     put(bits(f32(floor(a)))); put(bits(f32(ceil(b)))); put(bits(f32(round(b)))); put(bits(f32(trunc(a))));
     put(bits(f32(abs(a)))); put(bits(f32(-b))); put(bits(f32(sign(a)))); put(bitcast<u32>(i32(a))); put(u32(abs(b)));
     put(bitcast<u32>(v.zw)); put(bitcast<vec2u>(v.wzyx).y); put(bits(f32(bitcast<vec2h>(0x3c00c500u + lane).y)));
     put(select(0u, 1u, a < b) + select(0u, 2u, a == -b)); put(bits(f32(v[lane % 4]))); put(u32(f16(lane == 3)));
     stored[lane] = Item(v.xyz, a, mat2x2h(a, b, -b, 1), v.wz); var item = stored[lane]; item.matrix[lane % 2][1] = a;
     stored[lane].vector[lane % 3] = b; stored[lane].matrix = item.matrix; put(bits(f32(item.matrix[1][1])));
     put(bits(f32(subgroupShuffleXor(a, 1)))); put(bits(f32(subgroupMax(a)))); put(bits(f32(vec3h(subgroupMin(v.xyz)).y)));
     shared_halves[lane] = a; workgroupBarrier(); put(bits(f32(shared_halves[31 - lane])));`,
    {
      puts: 24,
      needs: ["shader-f16", "subgroups"],
      buffers: { halves, stored: new Uint32Array(64 * 6) },
      workgroups: [1, 1, 1],
      helpers: `struct Item { vector: vec3h, number: f16, matrix: mat2x2h, pair: vec2h }
        @group(0) @binding(3) var<storage, read> halves: array<f16>;
        @group(0) @binding(4) var<storage, read_write> stored: array<Item>;
        var<workgroup> shared_halves: array<f16, 32>;`,
    },
  ),
};

/** Texts by name. */
export const numberTexts: Readonly<Record<string, SmallText>> = {
  ...integers,
  ...exactFloats,
  ...matrices,
  ...halfTexts,
};
