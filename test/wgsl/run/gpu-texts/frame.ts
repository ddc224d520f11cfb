/** A small text with one entry point, and what runs it. */
export interface SmallText {
  /**
   * The text, in which each lane leaves so many elements of `out` unused. Mesa's cache of compiled shaders confuses those
   * of equal texts for subgroups of different sizes, so texts that use subgroups are not to be equal.
   */
  readonly codeWith: (spare: number) => string;
  readonly workgroups: readonly [number, number, number];
  /** Elements of `out` that a lane writes, and how many lanes there are. */
  readonly puts: number;
  readonly lanes: number;
  /** What the device needs for it. */
  readonly needs: readonly string[];
  /**
   * Set where all that may round is exact, such as sums of small whole numbers, and where the order of lanes does not
   * matter although it might: bits are compared of texts of both classes.
   */
  readonly isExact: boolean;
  /** What buffers hold other than `edges`, `numbers` and `out`, by name. */
  readonly buffers: Readonly<Record<string, Uint32Array>>;
}

interface Options {
  /** Declarations before the entry point. */
  readonly helpers?: string;
  /** More parameters of the entry point, each after a comma. */
  readonly inputs?: string;
  /** Numbers that each lane puts. */
  readonly puts?: number;
  readonly out?: "u32" | "f32";
  readonly size?: readonly [number, number, number];
  readonly workgroups?: readonly [number, number, number];
  readonly needs?: readonly string[];
  readonly isExact?: boolean;
  readonly buffers?: SmallText["buffers"];
}

/** Whole numbers at the edges of what types hold and of what shifts and bit fields take: 32 of them. */
export const edges = Uint32Array.from([
  ...[0, 1, 2, 3, 5, 7, 8, 15, 16, 24, 31, 32, 33, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000],
  ...[0xffffff, 0x1000001, 0x12345678, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xdeadbeef, 0xff00ff00],
  ...[0xfffffffe, 0xffffffff],
]);

/** Floats at such edges: halves, neighbours of whole numbers, limits of integers: 32 of them, none a subnormal. */
export const numbers = Float32Array.from([
  ...[0, -0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 0.49999997, -0.49999997, 0.99999994, 3.7, -3.7, 127.5],
  ...[255.5, 65504, 8388607.5, 8388609, -16777217, 2147483520, 2147483648, -2147483648, 4294967040, 4294967296],
  ...[1e20, -1e20, 3.4028234663852886e38, -3.4028234663852886e38, 1.1754943508222875e-38, 1e-10],
]);

/** A condition as a number. */
export const asBits = (condition: string): string => `select(0u, 1u, ${condition})`;

/**
 * A text whose lanes put numbers, one after another, each lane to elements of its own. It reads `edges`, `numbers`, and
 * `lane`, the number of the lane in its workgroup.
 */
export function text(body: string, options: Options = {}): SmallText {
  const {
    helpers = "",
    inputs = "",
    puts = 1,
    out = "u32",
    size = [32, 1, 1],
    workgroups = [2, 1, 1],
    needs = [],
  } = options;
  const enables = needs.map((feature) => `enable ${feature === "shader-f16" ? "f16" : feature};`);
  const quietly = needs.includes("subgroups") ? "diagnostic(off, subgroup_uniformity);" : "";
  const lanes = [...size, ...workgroups].reduce((all, count) => all * count, 1);
  const codeWith = (spare: number) => `${enables.join("\n")} ${quietly}
    @group(0) @binding(0) var<storage, read> edges: array<u32>;
    @group(0) @binding(1) var<storage, read> numbers: array<f32>;
    @group(0) @binding(2) var<storage, read_write> out: array<${out}>;
    var<private> next_put: u32;
    fn put(number: ${out}) { out[next_put] = number; next_put++; }
    fn bits(number: f32) -> u32 { return select(bitcast<u32>(number), 0u, number == 0); }
    ${helpers}
    @compute @workgroup_size(${size.join(", ")})
    fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u,
            @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_id) local: vec3u,
            @builtin(global_invocation_id) global: vec3u ${inputs}) {
      let number_of_workgroup = workgroup.x + workgroups.x * (workgroup.y + workgroups.y * workgroup.z);
      next_put = ${puts + spare} * (lane + ${size.reduce((all, count) => all * count, 1)} * number_of_workgroup);
      ${body}
    }`;
  return {
    codeWith,
    workgroups,
    puts,
    lanes,
    needs,
    isExact: options.isExact ?? false,
    buffers: options.buffers ?? {},
  };
}
