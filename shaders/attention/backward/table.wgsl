// with: attention/backward/entries/offset, lib/reduce, lib/grid
// The gradient of a table that a score reads by distance:  dtable[h, e] = Σ slope · diagonals over the offsets of entry
// e
//
// From the gradients of scores along diagonals: sums over all pairs with one offset k - q. One workgroup an entry, in
// two stages: each thread adds up sums WORKGROUP apart, then the threads' sums meet in a tree. Every diagonal is of one
// entry, and is read once.

const WORKGROUP: u32 = 64;

struct Params {
  h: u32, entries: u32,
  parts: u32, diagonals: u32,  // rows of sums, and sums of a row
  first: i32,                  // offset of the first diagonal
  future: f32,                 // the slope of keys after the query, where entries have slopes
}

@group(0) @binding(0) var<storage, read> diagonals: array<f32>;     // [parts, h, diagonals]
@group(0) @binding(1) var<storage, read_write> dtable: array<f32>;  // [h, entries]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid);
  if (at >= params.h * params.entries) { return; }  // the whole workgroup leaves
  let h = at / params.entries;
  let offsets = offsets_of(at % params.entries);
  var sum = 0.0;
  sum += sum_of(h, offsets.xy, thread);
  sum += sum_of(h, offsets.zw, thread);
  sum = workgroup_sum(sum, thread);
  if (thread == 0) { dtable[at] = sum; }
}

// A thread's share of the diagonals with these offsets, of all parts.
fn sum_of(h: u32, offsets: vec2i, thread: u32) -> f32 {
  let known = clamp(offsets, vec2i(params.first), vec2i(params.first + i32(params.diagonals)));
  let count = u32(max(known.y - known.x, 0));
  var sum = 0.0;
  for (var i = thread; i < params.parts * count; i += WORKGROUP) {
    let offset = known.x + i32(i % count);
    let diagonal = (i / count * params.h + h) * params.diagonals + u32(offset - params.first);
    sum = fma(slope_of(offset), diagonals[diagonal], sum);
  }
  return sum;
}
