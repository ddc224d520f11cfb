// with: peaks/number/f32, lib/grid
// Multiply-adds as fast as they go:  y[i] = Σ over 16 chains c of x[c] after x[c] = x[c] * factor + step, turns times
//
// Sixteen independent chains a thread, so that every unit has work during its latency. Nothing
// is read, and one number a thread is written. The factor is 1 and known at run time only: a chain is a count by steps
// of 1/16, exact in f16 too, and its end is known in closed form. Executes 32 · turns operations a thread.

const WORKGROUP: u32 = 64;
const UNROLLED: u32 = 8;  // turns between two tests of the loop

struct Params { n: u32, turns: u32, factor: f32, step: f32 }

@group(0) @binding(0) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.n) { return; }
  let factor = Numbers(Number(params.factor));
  let step = Numbers(Number(params.step));
  var a = Numbers(Number(thread % 8)) + Numbers(0, 1, 2, 3);  // not the same in all threads: that could run once for all
  var b = a + Numbers(4);
  var c = a + Numbers(8);
  var d = a + Numbers(12);
  for (var turn = 0u; turn < params.turns; turn += UNROLLED) {
    for (var j = 0u; j < UNROLLED; j++) {
      a = fma(a, factor, step);
      b = fma(b, factor, step);
      c = fma(c, factor, step);
      d = fma(d, factor, step);
    }
  }
  y[i] = dot(vec4f(a) + vec4f(b) + vec4f(c) + vec4f(d), vec4f(1.0));
}
