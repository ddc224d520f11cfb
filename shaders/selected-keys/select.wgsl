// with: sampling/select, lib/no-index, lib/grid
// The largest scores of each row, of equal ones the first:  indices = those of the count largest, in ascending order
//
// One workgroup a row. A radix select finds the count-th largest score (sampling/select, which calls a row's numbers
// logits); then each thread has a run of neighbouring scores, of which it counts those above that score and those equal
// to it. Running sums over the threads say how many of the equal ones are still wanted, and where its indices go: so
// the order is that of the scores, whichever thread is first. Scores of NaN and minus infinity are not selected; what
// is left of a row's indices is NO_INDEX. Requests 6·s reads and count writes a row.

const WORKGROUP: u32 = 256;

struct Params { rows: u32, s: u32, count: u32 }

@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [rows, s]
@group(0) @binding(1) var<storage, read_write> indices: array<u32>;  // [rows, count]
@group(0) @binding(2) var<uniform> params: Params;

fn measure(key: u32) -> u32 {
  return 1;
}

fn goal(total: u32) -> u32 {
  return min(params.count, total) - 1;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let row = linear_workgroup(grid);
  if (row >= params.rows) { return; }  // the whole workgroup leaves
  let first = row * params.s;
  let least = select_key(first, params.s, thread);
  let wanted = params.count - min(least.above, params.count);  // of those that are equal

  let run = (params.s + WORKGROUP - 1) / WORKGROUP;
  let begin = min(thread * run, params.s);
  let end = min(begin + run, params.s);
  var above = 0u;
  var equal = 0u;
  for (var i = begin; i < end; i++) {
    let key = order_key(logits[first + i]);
    if (key > least.key) { above++; }
    if (key == least.key && key != IMPOSSIBLE) { equal++; }
  }
  let equal_before = workgroup_scan(equal, thread) - equal;
  workgroupBarrier();  // the scan's memory has been read
  var left = wanted - min(equal_before, wanted);
  let own = above + min(equal, left);
  var place = row * params.count + workgroup_scan(own, thread) - own;
  for (var i = begin; i < end; i++) {
    let key = order_key(logits[first + i]);
    let is_equal = key == least.key && key != IMPOSSIBLE && left > 0;
    if (is_equal) { left--; }
    if (key > least.key || is_equal) {
      indices[place] = i;
      place++;
    }
  }
  for (var i = workgroup_total() + thread; i < params.count; i += WORKGROUP) {
    indices[row * params.count + i] = NO_INDEX;
  }
}
