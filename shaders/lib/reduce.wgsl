// Sum and maximum over the threads of a workgroup of WORKGROUP threads (a power of two, defined by the kernel), or over
// groups of LANES neighbouring threads, for kernels that give several rows to a workgroup.
//
// A tree in workgroup memory: log2(LANES) halvings with a barrier after each. Every thread gets the result of its
// group. All threads must call these functions (uniform control flow). The barrier at the end lets the next call reuse
// the memory.

const LANES: u32 = WORKGROUP;
const_assert 0 == (LANES & (LANES - 1));
const_assert LANES <= WORKGROUP;

var<workgroup> reduce_partial: array<f32, WORKGROUP>;

fn workgroup_sum(value: f32, thread: u32) -> f32 {
  reduce_partial[thread] = value;
  workgroupBarrier();
  for (var width = LANES / 2; width > 0; width /= 2) {
    if (thread % LANES < width) {
      reduce_partial[thread] += reduce_partial[thread + width];
    }
    workgroupBarrier();
  }
  let total = reduce_partial[thread - thread % LANES];
  workgroupBarrier();
  return total;
}

fn workgroup_max(value: f32, thread: u32) -> f32 {
  reduce_partial[thread] = value;
  workgroupBarrier();
  for (var width = LANES / 2; width > 0; width /= 2) {
    if (thread % LANES < width) {
      reduce_partial[thread] = max(reduce_partial[thread], reduce_partial[thread + width]);
    }
    workgroupBarrier();
  }
  let largest = reduce_partial[thread - thread % LANES];
  workgroupBarrier();
  return largest;
}
