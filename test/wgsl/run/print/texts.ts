// Texts that print, for the interpreter and for GPUs. Each writes `out`, and lanes do not depend on one another's order.

interface PrintText {
  readonly code: string;
  /** Features of the device that the text needs. */
  readonly needs: readonly string[];
  /** Words of `out`. */
  readonly words: number;
  readonly workgroups: readonly [number, number, number];
  /** Lines that are printed. */
  readonly lines: number;
}

const out = "@group(0) @binding(0) var<storage, read_write> out: array<u32>;";

const values: PrintText = {
  code: `${out}
    struct Inner { flags: vec2<bool>, corner: mat2x3f }
    struct Outer { count: i32, @size(128) inner: array<Inner, 2>, last: f32 }
    const N = 3;
    @compute @workgroup_size(4)
    fn main(@builtin(local_invocation_index) lane: u32) {
      let x = f32(lane) - 1.5;
      print();
      print(lane, i32(lane) - 2, x, lane == 2, 1, 2.5, vec3(1, 2, 3));
      print(vec2(lane, ~lane), vec4f(x, -0.0, 1e-3, 1e30), vec3<bool>(true, lane > 1, false));
      print(mat3x2f(1, 2, 3, x, 5, 6), array<vec2i, N>(vec2i(1, 2), vec2i(3), vec2i(-5, 6)));
      var rows: array<array<u32, 2>, N>;
      rows[lane % N][1] = lane;
      print(rows, lane);
      var outer: Outer;
      outer.count = -7;
      outer.inner[1].corner[1].z = x;
      outer.inner[lane & 1].flags.y = true;
      print(outer, outer.inner[1]);
      out[lane] = lane * 3;
    }`,
  needs: [],
  words: 4,
  workgroups: [1, 1, 1],
  lines: 24,
};

const halves: PrintText = {
  code: `enable f16;
    ${out}
    @compute @workgroup_size(8)
    fn main(@builtin(local_invocation_index) lane: u32) {
      let x = f16(lane) * 0.25h;
      print(x, vec3h(x, -x, 65504), mat2x2h(1, x, 3, 4));
      out[lane] = lane;
    }`,
  needs: ["shader-f16"],
  words: 8,
  workgroups: [1, 1, 1],
  lines: 8,
};

const places: PrintText = {
  code: `${out}
    // Builtin values in a struct, some of those that a record needs missing; names as prints would take them.
    struct Where { @builtin(global_invocation_id) at: vec3u, @builtin(workgroup_id) group: vec3u }
    struct print_Lines { print_lane: u32 }
    var<private> print_0: u32;
    fn deeper(p: ptr<function, u32>) { print(*p, print_0); *p += 1; }
    fn deep(x: u32) -> u32 {
      var y = x;
      deeper(&y);
      if x % 3 == 0 { deeper(&y); print(y); }
      return y;
    }
    @compute @workgroup_size(2, 2, 2)
    fn main(thread: Where, @builtin(num_workgroups) count: vec3u) {
      let print_lines = print_Lines(thread.at.x + thread.at.y * 4 + thread.at.z * 24);
      print_0 = print_lines.print_lane;
      out[print_0] = deep(print_0);
      print(thread.group, count);
    }`,
  needs: [],
  words: 96,
  workgroups: [2, 3, 2],
  lines: 96 + 2 * 32 + 96,
};

const flow: PrintText = {
  code: `${out}
    var<workgroup> sums: array<atomic<u32>, 8>;
    @compute @workgroup_size(8)
    fn main(@builtin(local_invocation_index) lane: u32) {
      var turn = 0u;
      loop {
        if turn > lane { break; }
        if turn == 2 { continue; }
        print(turn,
          lane);
        continuing {
          turn++;
          print(turn); print(atomicAdd(&sums[lane], turn), atomicAdd(&sums[lane], 1));
          break if turn == 6;
        }
      }
      workgroupBarrier();
      for (print(0); turn > 0; print(turn)) { turn -= min(turn, 3); }
      switch lane {
        case 0, 3: { print(1); }
        case 5 { print(2); return; }
        default: { while turn < lane { turn += 2; print(turn); } }
      }
      out[lane] = atomicLoad(&sums[lane]);
    }`,
  needs: [],
  words: 8,
  workgroups: [1, 1, 1],
  lines: 128,
};

const together: PrintText = {
  code: `enable subgroups;
    ${out}
    var<workgroup> shared_number: u32;
    @compute @workgroup_size(32)
    fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
      if lane == 0 { shared_number = group.x + 5; print(shared_number); }
      print(workgroupUniformLoad(&shared_number), subgroupMax(lane) >= lane, subgroupAdd(1u) > 1);
      workgroupBarrier();
      out[group.x * 32 + lane] = shared_number * lane;
    }`,
  needs: ["subgroups"],
  words: 64,
  workgroups: [2, 1, 1],
  lines: 66,
};

const bare: PrintText = {
  code: `${out} // no line break at the end
    @compute @workgroup_size(2) fn main() { print(7u); out[0] = 1; } // but a comment`,
  needs: [],
  words: 1,
  workgroups: [3, 1, 1],
  lines: 6,
};

/** Texts that print, by what they show. */
export const printTexts: Readonly<Record<string, PrintText>> = {
  "values of every type": values,
  "values of f16": halves,
  "functions, and builtin values in a struct": places,
  "control flow": flow,
  "operations of several lanes": together,
  "no parameters": bare,
};
