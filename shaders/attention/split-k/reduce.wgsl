// Maximum and sum over the workgroup for four rows at once: the tree of lib/reduce, in the memory of the kernel's weights,
// which nobody may be reading. All threads must call these functions.

fn workgroup_max4(value: vec4f, thread: u32) -> vec4f {
  weights[thread] = value;
  workgroupBarrier();
  for (var width = WORKGROUP / 2; width > 0; width /= 2) {
    if (thread < width) { weights[thread] = max(weights[thread], weights[thread + width]); }
    workgroupBarrier();
  }
  let largest = weights[0];
  workgroupBarrier();
  return largest;
}

fn workgroup_sum4(value: vec4f, thread: u32) -> vec4f {
  weights[thread] = value;
  workgroupBarrier();
  for (var width = WORKGROUP / 2; width > 0; width /= 2) {
    if (thread < width) { weights[thread] += weights[thread + width]; }
    workgroupBarrier();
  }
  let total = weights[0];
  workgroupBarrier();
  return total;
}
