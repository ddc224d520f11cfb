// Sum and maximum over the threads of a workgroup of WORKGROUP threads (a power of two, defined by the kernel).
//
// A tree in workgroup memory: log2(WORKGROUP) halvings with a barrier after each. Every thread gets the result.
// All threads must call these functions (uniform control flow). The barrier at the end lets the next call reuse
// the memory.

var<workgroup> reduce_partial: array<f32, WORKGROUP>;

fn workgroup_sum(value: f32, thread: u32) -> f32 {
  reduce_partial[thread] = value;
  workgroupBarrier();
  for (var width = WORKGROUP / 2; width > 0; width /= 2) {
    if (thread < width) {
      reduce_partial[thread] += reduce_partial[thread + width];
    }
    workgroupBarrier();
  }
  let total = reduce_partial[0];
  workgroupBarrier();
  return total;
}

fn workgroup_max(value: f32, thread: u32) -> f32 {
  reduce_partial[thread] = value;
  workgroupBarrier();
  for (var width = WORKGROUP / 2; width > 0; width /= 2) {
    if (thread < width) {
      reduce_partial[thread] = max(reduce_partial[thread], reduce_partial[thread + width]);
    }
    workgroupBarrier();
  }
  let largest = reduce_partial[0];
  workgroupBarrier();
  return largest;
}
