// Maximum and sum over the first `count` threads of a workgroup, for all rows at once, in two steps: SHARE threads each
// reduce every SHARE-th value, then all threads reduce those. Fewer barriers than the tree of lib/reduce, and short
// splits have less to read. In the memory of the kernel's weights, which no thread may still be reading. All threads
// must call these functions, which replace the values.

const SHARE: u32 = 8;
const_assert WORKGROUP % SHARE == 0;

fn workgroup_maxima(values: ptr<function, array<vec4f, ROW_VECTORS>>, count: u32, thread: u32) {
  for (var f = 0u; f < ROW_VECTORS; f++) { weights[thread * ROW_VECTORS + f] = (*values)[f]; }
  workgroupBarrier();
  if (thread < SHARE) {
    for (var i = thread + SHARE; i < count; i += SHARE) {
      for (var f = 0u; f < ROW_VECTORS; f++) { (*values)[f] = max((*values)[f], weights[i * ROW_VECTORS + f]); }
    }
    for (var f = 0u; f < ROW_VECTORS; f++) { weights[thread * ROW_VECTORS + f] = (*values)[f]; }
  }
  workgroupBarrier();
  for (var i = 0u; i < min(SHARE, count); i++) {
    for (var f = 0u; f < ROW_VECTORS; f++) { (*values)[f] = max((*values)[f], weights[i * ROW_VECTORS + f]); }
  }
  workgroupBarrier();
}

fn workgroup_sums(values: ptr<function, array<vec4f, ROW_VECTORS>>, count: u32, thread: u32) {
  for (var f = 0u; f < ROW_VECTORS; f++) { weights[thread * ROW_VECTORS + f] = (*values)[f]; }
  workgroupBarrier();
  if (thread < SHARE) {
    for (var i = thread + SHARE; i < count; i += SHARE) {
      for (var f = 0u; f < ROW_VECTORS; f++) { (*values)[f] += weights[i * ROW_VECTORS + f]; }
    }
    for (var f = 0u; f < ROW_VECTORS; f++) { weights[thread * ROW_VECTORS + f] = (*values)[f]; }
  }
  workgroupBarrier();
  for (var f = 0u; f < ROW_VECTORS; f++) { (*values)[f] = vec4f(); }
  for (var i = 0u; i < min(SHARE, count); i++) {
    for (var f = 0u; f < ROW_VECTORS; f++) { (*values)[f] += weights[i * ROW_VECTORS + f]; }
  }
  workgroupBarrier();
}
