// Functions and operators of floats that round: one text computes all of them.

/** Of `x`, `y` and `z`, numbers from -8 to 8, of `v` and `w`, vectors of four of them, and of the matrix `m`. */
const common = `x + z, x - z, x * z, x / z, 1 / x, x * z + y, fma(x, z, y), fract(x), degrees(x), radians(x),
  sqrt(abs(x)), inverseSqrt(abs(x)), exp(x), exp2(x), log(abs(x)), log2(abs(x)), sinh(x), cosh(x), tanh(x), pow(abs(x), z), mix(x, z, 0.3), smoothstep(-9, 9, x), ldexp(x, 3), dot(v, w),
  dot(v.xyz, w.xyz), dot(v.xy, w.xy), length(v), distance(v, w), normalize(v).y, cross(v.xyz, w.xyz).y,
  reflect(v, w).z, refract(normalize(v), normalize(w), 0.9).x, faceForward(v, w, w.wzyx).y, (m * v).y, (v * m).x,
  (m * m)[1].z, determinant(m), subgroupAdd(x), subgroupMul(x / 4), subgroupInclusiveAdd(z), subgroupExclusiveMul(z)`;

/** Of f32 alone. */
const ofFloats = `x % z, unpack4x8snorm(bitcast<u32>(x)).y, unpack4x8unorm(bitcast<u32>(x)).y,
  unpack2x16snorm(bitcast<u32>(x)).x, unpack2x16unorm(bitcast<u32>(x)).x, f32(bitcast<u32>(x)), f32(bitcast<i32>(z))`;

/** What WGSL wants only roughly: to 2^-11, an f16 or a code more or less. */
const rough = `sin(x / 3), cos(x / 3), tan(x / 6), atan(x), atan2(x, z), asin(x / 9), acos(x / 9),
  asinh(x), acosh(1 + abs(x)), atanh(x / 9)`;

const roughOfFloats = `quantizeToF16(x), unpack2x16float(pack2x16float(vec2f(x, z))).x,
  f32(pack4x8snorm(v / 9) & 255) / 255, f32(pack4x8unorm(v / 9) & 255) / 255,
  f32(pack2x16snorm(v.xy / 9) & 65535) / 65535, f32(pack2x16unorm(v.xy / 9) & 65535) / 65535`;

/** Expressions between commas that are not in parentheses. */
function listed(text: string): string[] {
  let depth = 0;
  const parts = [""];
  for (const letter of text) {
    depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}

const lanes = 64;
const workgroups = 4;

/** Arguments of the functions. */
export const functionArguments: Readonly<Record<string, Float32Array<ArrayBuffer>>> = {
  xs: Float32Array.from({ length: lanes * workgroups }, (_, i) => ((((i * 37 + 11) % 256) - 127.5) / 16) * 1.01),
  zs: Float32Array.from({ length: lanes * workgroups }, (_, i) => ((((i * 101 + 7) % 256) - 127.5) / 40) * 1.03),
};

/**
 * A text that computes functions for each argument: result `i` of function `k` is element `k` of row `i` of `out`. Rows
 * have `columns` elements.
 */
export interface Functions {
  readonly code: string;
  readonly expressions: readonly string[];
  /** Whether the function with this number is a rough one. */
  readonly isRough: (number: number) => boolean;
  readonly rows: number;
  readonly columns: number;
  readonly workgroups: readonly [number, number, number];
}

/** Rows have `spare` elements that are not used: see `codeWith` in frame.ts. */
export function functionsOf(type: "f32" | "f16", spare: number): Functions {
  const exact = listed(type === "f32" ? `${common}, ${ofFloats}` : common);
  const expressions = [...exact, ...listed(type === "f32" ? `${rough}, ${roughOfFloats}` : rough)];
  const columns = expressions.length + spare;
  const puts = expressions.map((expression, k) => `out[i * ${columns} + ${k}] = f32(${expression});`);
  const code = `${type === "f16" ? "enable f16;" : ""} enable subgroups;
    @group(0) @binding(0) var<storage, read> xs: array<f32>;
    @group(0) @binding(1) var<storage, read> zs: array<f32>;
    @group(0) @binding(2) var<storage, read_write> out: array<f32>;
    @compute @workgroup_size(${lanes}) fn main(@builtin(global_invocation_id) id: vec3u) {
      let i = id.x; let x = ${type}(xs[i]); let z = ${type}(zs[i]); let y = ${type}(zs[(i + 3) % ${lanes * workgroups}]);
      let v = vec4(x, z, y, 0.7); let w = vec4(z, y, x, 1.3); let m = mat4x4(v, w, v.wzyx, w.yxwz);
      ${puts.join("\n")}
    }`;
  return {
    code,
    expressions,
    isRough: (number) => number >= exact.length,
    rows: lanes * workgroups,
    columns,
    workgroups: [workgroups, 1, 1],
  };
}
